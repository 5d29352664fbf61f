#!/bin/sh
# Take a tomogram, or a simulated one, through segmentation and surfaces, and say what was written.
# Usage: demo.sh [TOMOGRAM]
set -eu
cd "$(dirname "$0")/.."

readonly OUTPUT=demo
python=.venv/bin/python
tomogram=${1:-}

mkdir -p "$OUTPUT"
if [ -z "$tomogram" ]; then
    tomogram=$OUTPUT/tomogram.tif
    "$python" -m sxt simulate "$tomogram" --shape 48,400,400 --seed 1
fi
rm -rf "$OUTPUT/segmentation" "$OUTPUT/surfaces"
"$python" -m sxt segment "$tomogram" --output "$OUTPUT/segmentation"
"$python" -m sxt surface "$OUTPUT/segmentation/mask.tif" --tomogram "$tomogram" --output "$OUTPUT/surfaces"

echo
echo "Written:"
find "$OUTPUT" -type f | sort | sed 's/^/  /'
echo "Open $OUTPUT/surfaces/scene.html in a browser to turn the surfaces around."
