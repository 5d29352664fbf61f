// Small helpers: elements, icons, numbers and lengths in words.

const THIN_SPACE = "\u2009";
const ICONS = {
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  save: "M10 3v9m0 0 3.5-3.5M10 12 6.5 8.5M4 16h12",
  help: "M7.5 7.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M10 14.4v.2",
  invert: "M10 3a7 7 0 1 0 0 14z",
  compare: "M10 2v16M4 5h3v10H4zM13 5h3v10h-3z",
  three: "M3 3h8v8H3zM13 3h4v8h-4zM3 13h8v4H3z",
};

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  if (name === "invert") path.classList.add("filled");
  svg.append(path);
  if (name === "invert") {
    const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [key, value] of [["cx", 10], ["cy", 10], ["r", 7]]) ring.setAttribute(key, value);
    svg.append(ring);
  }
  return svg;
}

function button(label, content, onClick) {
  const element = make("button", { type: "button", title: label, "aria-label": label }, content);
  element.addEventListener("click", onClick);
  return element;
}

function rename(element, label) {
  element.title = label;
  element.setAttribute("aria-label", label);
}

function threeDigits(value) {
  if (!Number.isFinite(value)) return "–";
  if (value < 0) return `−${threeDigits(-value)}`;
  if (value >= 100) return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, THIN_SPACE);
  if (value !== 0 && value < 0.001) return value.toExponential(2);
  return value.toPrecision(3);
}

function lengthInWords(nm) {
  return nm >= 1000 ? `${Number((nm / 1000).toPrecision(3))} µm` : `${Number(nm.toPrecision(3))} nm`;
}

// The longest round length (1, 2 or 5 times a power of ten) that takes at most `limitPx`.
function roundLength(unitsPerPx, limitPx) {
  const most = unitsPerPx * limitPx;
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((each) => each * power).find((each) => each <= most * (1 + 1e-9));
}
