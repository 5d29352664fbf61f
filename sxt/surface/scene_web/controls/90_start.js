// Put the parts together when the scene is there.

whenReady((scene) => {
  const colours = new Colours(scene);
  const slices = content.slices ? new SlicePlanes(scene) : null;
  const panel = new Panel(scene, colours, slices);
  const messages = new Messages(scene, colours, slices, panel);
  scene.camera.onModified(() => {
    panel.tellProjection();
    messages.tellView();
  });
  colours.onChange = () => {
    panel.drawLegend();
    messages.tellView();
  };
  if (slices) slices.onChange = () => messages.tellView();
  onClick(scene, (id) => {
    colours.select(id);
    panel.describe(id);
    messages.tell({ picked: id });
  });
  panel.drawLegend();
  panel.tellProjection();
  const view = JSON.parse(document.getElementById("sxt-view").textContent);
  if (view) messages.restore(view);
  document.documentElement.dataset.scene = "ready";
  messages.announce();
});
