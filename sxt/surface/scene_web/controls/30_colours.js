// What the colours of the components mean.

const LOG_ABOVE = 100; // ratio of the largest to the smallest value from which the scale is logarithmic
const NOT_MEASURED = [110, 114, 120];
const HIGHLIGHT = [255, 255, 255];
const HIGHLIGHT_SHARE = 0.65;
const viridis = content.viridis.map(rgbOf);

class Colours {
  constructor(scene) {
    this.scene = scene;
    this.mode = this.knows(content.colour_by) ? content.colour_by : "component";
    this.selected = null;
  }

  knows(mode) {
    return mode === "component" || mode === "class" || content.columns.some((each) => each.name === mode);
  }

  choose(mode) {
    this.mode = this.knows(mode) ? mode : "component";
    this.apply();
  }

  select(id) {
    if (id === this.selected) return;
    this.selected = id;
    this.apply();
  }

  apply() {
    const colourOf = this.table();
    this.scale = colourOf.scale ?? null;
    this.scene.paint((id) => (id === this.selected ? lighten(colourOf(id)) : colourOf(id)));
    this.onChange?.();
  }

  table() {
    if (this.mode === "component") {
      const colours = content.colours.map(rgbOf);
      return (id) => colours[id - 1];
    }
    if (this.mode === "class") {
      const colours = new Map(content.classes.map((each) => [each.value, rgbOf(each.colour)]));
      return (id) => colours.get(content.class_of[id - 1]) ?? NOT_MEASURED;
    }
    return measured(content.columns.find((each) => each.name === this.mode));
  }
}

function measured(column) {
  const numbers = column.values.filter((each) => each !== null);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const isLog = low > 0 && high / low > LOG_ABOVE;
  const place = isLog ? Math.log : (value) => value;
  const span = place(high) - place(low) || 1;
  const colourOf = (id) => {
    const value = column.values[id - 1];
    if (value === null) return NOT_MEASURED;
    return viridis[Math.round(((place(value) - place(low)) / span) * (viridis.length - 1))];
  };
  colourOf.scale = { column, low, high, isLog };
  return colourOf;
}

function lighten(rgb) {
  return rgb.map((each, at) => Math.round(each + (HIGHLIGHT[at] - each) * HIGHLIGHT_SHARE));
}
