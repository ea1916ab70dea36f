// Ticks for the host page: a worker is not slowed down when its page is in the background.
setInterval(() => postMessage(null), 250);
