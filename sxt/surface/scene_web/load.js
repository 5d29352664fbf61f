// Unpack the scene and give it to the viewer, which calls `loadDataSet` when it is there. The browser unpacks by itself,
// several times faster than the viewer's own script would.

"use strict";

const scene = unpack(document.getElementById("sxt-arrays"));

async function unpack(element) {
  const packed = await fetch(`data:application/gzip;base64,${element.textContent}`);
  element.remove();
  const unpacked = packed.body.pipeThrough(new DecompressionStream("gzip"));
  return URL.createObjectURL(await new Response(unpacked).blob());
}

window.loadDataSet = async () => {
  const viewer = window.OfflineLocalView;
  viewer.initLocalFileLoader(document.createElement("div")); // out of sight: else it would soon ask for a file
  viewer.load(document.querySelector(".content"), { fileURL: await scene, ext: "zip" });
};
