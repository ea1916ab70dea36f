// Puts a desktop agent into a page as `window.fdc3`, for pages that have no opener to ask, and for older apps.
// `pipe`: { send(text), onmessage } to the agent. `identity`: { identityUrl, actualUrl } of this page.

const installDeskline = (pipe, identity) => {
  const tell = (message) => pipe.send(JSON.stringify(message));
  const step = (type, payload) => tell({ type, payload, meta: { connectionAttemptUuid, timestamp: new Date() } });
  const connectionAttemptUuid = newUuid();
  const { agent, connection, start } = makeDesktopAgent(tell);
  const { identityUrl, actualUrl } = identity;

  pipe.onmessage = (text) => {
    const message = JSON.parse(text);
    switch (message.type) {
      case "WCP5ValidateAppIdentityResponse":
        start().then(() => {
          connection.ready();
          window.dispatchEvent(new Event("fdc3Ready"));
        }, connection.refuse);
        break;
      case "WCP5ValidateAppIdentityFailedResponse":
        console.warn(`Deskline: ${message.payload.message}`);
        delete window.fdc3; // there may be another agent for this page
        connection.refuse(new Error("AccessDenied"));
        break;
      default:
        connection.received(message);
    }
  };

  Object.defineProperty(window, "fdc3", { value: agent, configurable: true, enumerable: true });
  step("WCP1Hello", { identityUrl, actualUrl, fdc3Version: "3.0" });
  step("WCP4ValidateAppIdentity", { identityUrl, actualUrl });
  window.addEventListener("pagehide", (event) => {
    if (!event.persisted) tell({ type: "WCP6Goodbye", meta: { timestamp: new Date() } });
  });
};
