"""The page Label: the canvas in the browser, the routes its strokes take, and the controls beside it."""
