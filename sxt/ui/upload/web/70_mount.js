// One queue a key: it outlives the page it is shown on, and a component that is drawn anew.

const queues = (globalThis.sxtUploadQueues ??= new Map());
const views = new WeakMap();

export default function mountUpload({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".upload");
  if (!queues.has(data.key)) queues.set(data.key, new UploadQueue(data));
  const queue = queues.get(data.key);
  if (!views.has(root)) views.set(root, new UploadView(root, queue));
  const view = views.get(root);
  root.querySelector(".limit").textContent = data.hint;
  root.querySelector(".call").textContent = data.call;
  root.querySelector(".choose-folder").hidden = !data.takes_folders;
  let isPlanned = false;
  queue.onChange = () => {
    if (isPlanned) return;
    isPlanned = true;
    setTimeout(() => {
      isPlanned = false;
      view.draw();
    }, 50);
  };
  queue.onFinished = () => setStateValue("finished", queue.finished);
  queue.dropAllBut(data.present.concat(queue.finished.filter((id) => !data.told.includes(id))));
  if (queue.finished.some((id) => !data.told.includes(id))) queue.onFinished();
  return () => {
    queue.onChange = () => {};
    queue.onFinished = () => {};
  };
}
