// Numbers as the rest of the dashboard shows them.

const THIN = "\u2009";
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

function formatSize(bytes) {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`;
  let power = Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  if (Number((bytes / 1000 ** power).toPrecision(3)) >= 1000) power = Math.min(power + 1, UNITS.length - 1);
  const value = bytes / 1000 ** power;
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(value, 1))));
  return `${value.toFixed(digits)} ${UNITS[power]}`;
}

function formatTime(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

function formatCount(n, noun) {
  return `${String(n).replace(/\B(?=(\d{3})+$)/g, THIN)} ${noun}${n === 1 ? "" : "s"}`;
}
