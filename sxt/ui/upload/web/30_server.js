// The server's side of an upload. What cannot be mended by trying again is a `Refused`.

class Refused extends Error {}
class Offline extends Error {}
class Stopped extends Error {}

const PASSING = new Set([0, 408, 429, 500, 502, 503, 504]);

async function askServer(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    throw new Offline("No connection to the server.");
  }
  if (response.status === 404 || response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw refusal(response.status, answer.error);
}

function refusal(status, sentence) {
  if (PASSING.has(status)) return new Offline(sentence ?? "The server does not answer.");
  if (status === 401 || status === 403) return new Refused("You are no longer logged in; load the page again.");
  return new Refused(sentence ?? `The server refused it (${status}).`);
}

// Sends one piece; resolves to how much of the file the server has then. `onProgress` is told bytes sent of it.
function sendPiece(url, piece, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal.addEventListener("abort", stop, { once: true });
    request.open("PUT", url);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      const answer = parseAnswer(request.responseText);
      if ((request.status === 200 || request.status === 409) && Number.isInteger(answer.received)) {
        resolve(answer.received);
      } else if (request.status === 404) {
        resolve(null);
      } else {
        reject(refusal(request.status, answer.error));
      }
    };
    request.onerror = () => reject(new Offline("The connection was lost."));
    request.onabort = () => reject(new Stopped());
    request.onloadend = () => signal.removeEventListener("abort", stop);
    if (signal.aborted) reject(new Stopped());
    else request.send(piece);
  });
}

function parseAnswer(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
