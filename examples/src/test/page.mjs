// Runs the script of the dashboard as the server serves it, with a minimal fake of a page, and prints
// what it would show: node --experimental-websocket page.mjs http://localhost:8080
const [url] = process.argv.slice(2);
const text = async (path) => (await fetch(`${url}/public/${path}`)).text();
const asModule = (source) => `data:text/javascript;base64,${Buffer.from(source).toString('base64')}`;

const cells = [];
const appendChild = (child) => child;
const byId = {
  state: { set textContent(value) { console.log(`state: ${value}`); } },
  hosts: { insertRow: () => ({ insertCell: () => cells[cells.push({ appendChild }) - 1] }) },
};
const drawing = {
  appendChild,
  setAttribute(name, value) {
    if (name !== 'points') return;
    const points = value.split(' ').length;
    console.log(`shown: ${cells[0].textContent} ${cells[1].textContent}, a line of ${points} points`);
  },
};
globalThis.location = new URL(url);
globalThis.document = { getElementById: (id) => byId[id], createElementNS: () => drawing };

const [, script] = /<script type="module">(.*)<\/script>/s.exec(await text('dashboard.html'));
await import(asModule(script.replace("'./earshot.js'", `'${asModule(await text('earshot.js'))}'`)));
