// Sends a note with the built-in fetch: `node fetch.mjs URL NOTE`.
const [url, note] = process.argv.slice(2);
const answer = await fetch(url, { method: "POST", headers: { "X-Note": note }, body: note });
console.log(answer.status, (await answer.arrayBuffer()).byteLength);
