// The scene as a picture, with its legend.

const PICTURE_SCALE = 2;
const GROUND = "#15171a";
const INK = "#c8ccd2";

async function savePicture(panel) {
  const [capture] = panel.scene.window.captureImages("image/png", { scale: PICTURE_SCALE });
  const picture = new Image();
  picture.src = await capture;
  await picture.decode();
  const canvas = make("canvas", { width: picture.width, height: picture.height });
  const context = canvas.getContext("2d");
  context.fillStyle = GROUND;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0);
  drawPictureLegend(context, panel.colours, canvas.width / document.documentElement.clientWidth);
  const name = content.title.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 80) || "surface";
  canvas.toBlob((blob) => {
    const link = make("a", { href: URL.createObjectURL(blob), download: `${name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, "image/png");
  panel.scene.draw();
}

function drawPictureLegend(context, { mode, scale }, ratio) {
  const { width, height } = context.canvas;
  const bottom = height - 16 * ratio;
  context.font = `${12 * ratio}px sans-serif`;
  context.fillStyle = INK;
  if (scale) {
    const [bar, left] = [LEGEND_WIDTH_PX * ratio, (width - LEGEND_WIDTH_PX * ratio) / 2];
    context.textAlign = "center";
    context.fillText(scale.isLog ? `${heading(scale.column)} (log scale)` : heading(scale.column), width / 2, bottom);
    context.textAlign = "right";
    context.fillText(threeDigits(scale.low), left - 8 * ratio, bottom - 16 * ratio);
    context.textAlign = "left";
    context.fillText(threeDigits(scale.high), left + bar + 8 * ratio, bottom - 16 * ratio);
    paintBar(context, left, bottom - (16 + LEGEND_HEIGHT_PX) * ratio, bar, LEGEND_HEIGHT_PX * ratio);
  } else if (mode === "class") {
    let left = 20 * ratio;
    for (const each of content.classes.filter(({ value }) => content.class_of.includes(value))) {
      context.fillStyle = each.colour;
      context.fillRect(left, bottom - 10 * ratio, 12 * ratio, 12 * ratio);
      context.fillStyle = INK;
      context.fillText(each.name, left + 18 * ratio, bottom);
      left += context.measureText(each.name).width + 36 * ratio;
    }
  }
}
