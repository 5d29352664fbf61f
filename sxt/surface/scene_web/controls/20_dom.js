// Small helpers: elements, and numbers in words.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function threeDigits(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  if (value < 0) return `−${threeDigits(-value)}`;
  if (value >= 1000) return Number(value.toPrecision(3)).toFixed(0).replace(/\B(?=(\d{3})+$)/g, "\u2009");
  if (value !== 0 && value < 0.001) {
    const [mantissa, exponent] = value.toExponential(2).split("e-");
    return `${mantissa}·10⁻${[...exponent].map((each) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[each]).join("")}`;
  }
  return value === 0 ? "0" : value.toPrecision(3);
}

function heading(column) {
  return column.unit ? `${column.label}, ${column.unit}` : column.label;
}

function inWords(column, value) {
  if (column.is_flag) return value ? "yes" : "no";
  if (column.name === "voxels" || column.name === "id") return String(value).replace(/\B(?=(\d{3})+$)/g, "\u2009");
  return column.unit ? `${threeDigits(value)} ${column.unit}` : threeDigits(value);
}

function rgbOf(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}
