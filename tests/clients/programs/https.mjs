// Sends a note with the module that most packages build on: `node https.mjs URL NOTE`.
import { request } from "node:https";
const [url, note] = process.argv.slice(2);
const sent = request(url, { method: "POST", headers: { "X-Note": note } }, (answer) => answer.resume());
sent.end(note);
