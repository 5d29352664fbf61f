// The keys of the canvas.

class LabelCanvas extends LabelViewer {
  listen() {
    this.root.addEventListener("keydown", (event) => {
      if (!this.hasBegun || event.target.matches("input, select")) return;
      if (this.pressLabelKey(event)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        event.stopPropagation();
      }
    });
    this.root.addEventListener("keyup", (event) => {
      if (event.key === " ") this.isSpaceHeld = false;
    });
    this.root.addEventListener("blur", () => { this.isSpaceHeld = false; });
    super.listen();
  }

  pressLabelKey(event) {
    const isCommand = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (isCommand && !event.altKey && (key === "z" || key === "y")) {
      this.stepBack(key === "y" || event.shiftKey ? "redo" : "undo");
      return true;
    }
    if (isCommand || event.altKey) return false;
    if (key === " ") {
      this.isSpaceHeld = event.target === this.root;
      return event.target === this.root;
    }
    const tool = TOOLS.find((each) => each.key === key);
    const action = tool ? () => this.chooseTool(tool.name) : this.keyActions[key] ?? this.classAction(key);
    if (!action) return false;
    return action() !== false;
  }

  get keyActions() {
    const { choice, gesture } = this;
    const isDrawing = gesture?.kind === "corners";
    return {
      x: () => this.chooseClass(choice.before),
      k: () => this.choose({ isProtecting: !choice.isProtecting }),
      h: () => this.choose({ hasGhost: !choice.hasGhost }),
      n: () => this.goToNext(),
      d: () => this.nextView(),
      m: () => this.correctPseudo(),
      u: () => this.chooseClass(UNLABELLED),
      0: () => this.chooseClass(0),
      "-": () => this.choose({ opacity: clamp(choice.opacity - 0.1, 0, 1) }),
      "+": () => this.choose({ opacity: clamp(choice.opacity + 0.1, 0, 1) }),
      "=": () => this.choose({ opacity: clamp(choice.opacity + 0.1, 0, 1) }),
      Enter: () => isDrawing && this.closeGesture(),
      Escape: () => (gesture ? this.cancelGesture(gesture) : false),
      Backspace: () => isDrawing && this.takeCornerBack(),
    };
  }

  classAction(key) {
    const at = Number(key) - 1;
    const found = /^[1-9]$/.test(key) && this.data.label.classes[at];
    return found && (() => this.chooseClass(found.value));
  }

  takeCornerBack() {
    this.gesture.points.pop();
    if (!this.gesture.points.length) this.gesture = null;
    this.invalidate();
  }
}
