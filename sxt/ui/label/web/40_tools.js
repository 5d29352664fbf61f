// The tools: their keys, their icons, and what a gesture with each becomes.

const LABEL_ICONS = {
  brush: "M12.5 3.5 16.5 7.5 9 13.5 6.5 11zM6 11.5c-2 .3-2 2.5-3.5 4 2 .8 5 .3 5.6-2z",
  eraser: "M8 16 3.5 11.5 11 4l5.5 5.5L10 16zM7 8l5.5 5.5M10 16h7",
  polygon: "M4 7 11 3l6 6-4 8H6z",
  lasso: "M10 4c4 0 7 1.8 7 4.5S14 13 10 13s-7-1.800-7-4.500S6 4 10 4zM6 12.500c-1 1.500-.5 3 1 4.500",
  fill: "M5 9.500 10.500 4l6 6L10 16.500 4 10.500zM4.500 10h11M17 13c1 1.500 1 3 0 3s-1-1.500 0-3z",
  threshold: "M3 15h3v-3h3V8h3V5h5M3 10h14",
  grow: "M10 10h.1M10 3v3M10 14v3M3 10h3M14 10h3M5.200 5.200l2 2M12.800 12.800l2 2M14.800 5.200l-2 2M7.200 12.800l-2 2",
  superpixel: "M3 6l5-3 4 3-1 5-5 1-3-3zM12 6l5 1v6l-6-2M6 12l1 5 6-1 4-3",
  box: "M3 5h14v10H3zM7 8l6 4M13 8l-6 4",
  assist: "M10 3l1.500 4.500L16 9l-4.500 1.500L10 15l-1.500-4.500L4 9l4.500-1.500zM15 14l.7 1.800 1.800.7-1.800.7L15 19",
  move: "M10 3v14M3 10h14M10 3 8 5M10 3l2 2M10 17l-2-2M10 17l2-2M3 10l2-2M3 10l2 2M17 10l-2-2M17 10l-2 2",
  undo: "M8 5 4 9l4 4M4 9h8a4 4 0 0 1 0 8h-2",
  redo: "M12 5l4 4-4 4M16 9H8a4 4 0 0 0 0 8h2",
};
Object.assign(ICONS, LABEL_ICONS);

const TOOLS = [
  { name: "brush", key: "b", title: "Brush", gesture: "stroke", isSized: true },
  { name: "eraser", key: "e", title: "Eraser", gesture: "stroke", isSized: true },
  { name: "polygon", key: "p", title: "Polygon", gesture: "corners" },
  { name: "lasso", key: "l", title: "Lasso", gesture: "outline" },
  { name: "fill", key: "f", title: "Flood fill", gesture: "point", measure: "tolerance" },
  { name: "threshold", key: "t", title: "Threshold in a drawn region", gesture: "outline", measure: "high" },
  { name: "grow", key: "w", title: "Grow a stroke to the edge around it", gesture: "stroke", isSized: true },
  { name: "superpixel", key: "s", title: "Superpixels", gesture: "stroke", measure: "patch" },
  { name: "box", key: "c", title: "Clear a box", gesture: "box" },
  { name: "assist", key: "a", title: "Accept or reject what the model proposes", gesture: "point" },
  { name: "move", key: "v", title: "Move the picture", gesture: "move" },
];

const LABEL_KEYS = [
  ["b · e", "brush · eraser (right button erases too)"],
  ["[ ]", "brush, tolerance, highest grey value or superpixels smaller and larger"],
  ["p", "polygon: click corners, double click or Enter closes, Backspace takes one back"],
  ["l", "lasso: draw around what is to be filled"],
  ["f", "flood fill of like grey values"],
  ["t", "threshold: grey values of a range inside a drawn region"],
  ["w", "grow: a stroke inside grows to the edge around it"],
  ["s", "superpixels: paint patches of like grey values"],
  ["c", "clear a box: nothing in it stays labelled"],
  ["a", "assist: click accepts a proposed region, right click rejects it"],
  ["v · space · middle button", "move the picture; ctrl + wheel zooms"],
  ["1 … 9 · 0 · u", "class · background · unlabelled"],
  ["x", "swap with the class before"],
  ["k", "protect other classes"],
  ["h", "outlines of the slices before and after"],
  ["− +", "labels fainter and stronger"],
  ["Ctrl + z · Ctrl + Shift + z", "undo and redo on this slice"],
  ["n", "next slice to label"],
  ["d · m", "what is shown: labels, pseudo-labels, confidence, disagreement · correct pseudo-labels"],
  ["Alt + y · Alt + n", "accept · reject the pseudo-labels of this slice"],
  ["wheel · ← → · ↑ ↓ · , .", "previous and next slice"],
  ["g · Page up · Page down · Home · End", "go to a slice · ten back and on · first and last"],
  ["o · i · ?", "labels on and off · invert the grey values · this list"],
];

function toolOf(name) {
  return TOOLS.find((each) => each.name === name);
}

// What is painted with now.
function paintOf(choice, isErasing) {
  const isClass = choice.value > 0 && choice.value < UNLABELLED;
  if (isErasing) {
    return { value: choice.eraseTo, protects_others: choice.isProtecting, active_class: isClass ? choice.value : null };
  }
  return { value: choice.value, protects_others: choice.isProtecting,
    active_class: isClass ? null : choice.lastClass };
}

// The edit that a finished gesture stands for; null where there is none.
function editOf(viewer, tool, gesture) {
  const { choice } = viewer;
  const isErasing = tool.name === "eraser" || gesture.isErasing;
  const paint = paintOf(choice, isErasing);
  const points = gesture.points.map(([row, column]) => [row, column]);
  const radius = gesture.points.some((point) => point[2] !== gesture.points[0][2])
    ? gesture.points.map((point) => point[2]) : gesture.points[0]?.[2];
  const grey = viewer.grey.stack.facts.window;
  const span = viewer.state.limits[1] - viewer.state.limits[0];
  const at = (share) => grey[0] + share * (grey[1] - grey[0]);
  const edits = {
    brush: () => ({ tool: isErasing ? "eraser" : "brush", points, radius_px: radius }),
    eraser: () => ({ tool: "eraser", points, radius_px: radius }),
    polygon: () => ({ tool: "polygon", points }),
    lasso: () => ({ tool: "lasso", points }),
    fill: () => ({ tool: "fill", point: points[0], tolerance: (choice.tolerance / 100) * span }),
    threshold: () => ({ tool: "threshold", points, low: at(choice.low / 100), high: at(choice.high / 100) }),
    grow: () => ({ tool: "grow", points, radius_px: gesture.points[0][2], reach_px: choice.reach, rule: choice.rule }),
    superpixel: () => ({ tool: "superpixel", points, size_px: choice.patch }),
    box: () => ({ tool: "box", points }),
    assist: () => viewer.data.label.segmentation && {
      tool: gesture.isErasing ? "reject" : "accept", point: points[0],
      segmentation: viewer.data.label.segmentation, threshold: viewer.overlayChoice?.threshold ?? 0.5 },
  };
  const minimum = { polygon: 3, lasso: 3, threshold: 3, box: 2 }[tool.name] ?? 1;
  if (points.length < minimum) return null;
  const edit = edits[tool.name]();
  return edit && { ...paint, ...edit };
}
