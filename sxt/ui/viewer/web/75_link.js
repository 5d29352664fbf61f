// Viewers of one link move together: slice, planes, place and zoom, contrast.

const linked = new Map(); // by link: the viewers, and what they show now

function whatIsLinked({ plane, layout, index, limits, isInverted, views }) {
  const places = PLANES.map((each) => [each, views[each]?.isFitted ? { isFitted: true } : views[each]]);
  return JSON.parse(JSON.stringify({ plane, layout, index, limits, isInverted, views: Object.fromEntries(places) }));
}

// Called after each drawing; those that show the same already are left alone, so that nothing goes round.
function tellLinked(viewer) {
  const { link } = viewer.data;
  if (viewer.link !== link) leaveLink(viewer);
  if (!link) return;
  viewer.link = link;
  const group = linked.get(link) ?? { viewers: new Set(), text: "" };
  linked.set(link, group);
  const now = whatIsLinked(viewer.state);
  const text = JSON.stringify(now);
  if (!group.viewers.has(viewer)) {
    group.viewers.add(viewer);
    if (group.viewers.size > 1) { // who comes later follows
      follow(viewer, JSON.parse(group.text));
      return;
    }
  }
  if (text === group.text) return;
  group.text = text;
  for (const other of group.viewers) if (other !== viewer) follow(other, now);
}

function follow(viewer, { views, ...rest }) {
  if (!viewer.hasBegun || rest.index.some((each, axis) => each >= viewer.shape[axis])) return;
  const { state } = viewer;
  const isSameStack = state.plane === rest.plane && state.layout === rest.layout;
  Object.assign(state, JSON.parse(JSON.stringify(rest)));
  for (const [plane, pane] of viewer.panes) {
    if (views[plane]) Object.assign(pane.view, views[plane]);
  }
  if (!isSameStack) viewer.layout();
  for (const pane of viewer.shown) if (pane.view.isFitted) pane.fit();
  viewer.restyle();
  viewer.bar.update();
  viewer.rest();
  viewer.report();
}

function leaveLink(viewer) {
  const group = linked.get(viewer.link);
  group?.viewers.delete(viewer);
  if (group && !group.viewers.size) linked.delete(viewer.link);
  viewer.link = null;
}
