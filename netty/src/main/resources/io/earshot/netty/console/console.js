// The console: shows what the admin API tells, and asks it to moderate. It keeps the key in this tab only.
import { Chart, short, bytes, micros, clock } from "./charts.js";

const $ = id => document.getElementById(id);
const API = new URL("admin/", document.baseURI);
const STORED = "earshot-console-key";
const PAGE = 100, KEPT = 200;

let key = sessionStorage.getItem(STORED) ?? "";
let mayWrite = false;
let stream = null;           // the AbortController of the open stream
let view = { name: "overview", arg: "" };
let overview = null;
let samples = null;
let timer = 0;               // of the view that asks again and again
let after = "";              // the page of the list of rooms
let shown = null;            // the client or user of the page
let last = null;             // the room's offset before, and when

class Refused extends Error {
  constructor(status, text) { super(text); this.status = status; }
}

async function ask(path, method = "GET", body) {
  const answer = await fetch(new URL(path, API), {
    method, cache: "no-store", credentials: "omit",
    headers: { Authorization: "Bearer " + key, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  const json = await answer.json().catch(() => ({}));
  if (answer.ok) return json;
  if (answer.status === 401) logOut(json.detail);
  throw new Refused(answer.status, json.detail ?? "the server answers " + answer.status);
}

const name = text => encodeURIComponent(text);
const isConnection = id => /^[0-9a-f]{32}([0-9a-f]{8})?$/.test(id);

// --- making elements; text never becomes markup ----------------------------------------------

function made(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  element.append(...[text].flat());
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

const link = (text, hash) => made("a", text, { href: hash, dir: "auto" });
const roomLink = room => link(room, "#room/" + name(room));
const clientLink = id => link(id, "#client/" + name(id));

function table(element, heads, rows, none) {
  const head = made("tr", heads.map(each => made("th", each, { scope: "col" })));
  const body = rows.map(row => made("tr", row.map(cell =>
    made("td", cell ?? "–", typeof cell === "string" && /^[\d.,]+ ?[a-zµ%A-Z]*$/.test(cell) ? { class: "number" } : {}))));
  element.replaceChildren(...(rows.length ? [made("thead", head), made("tbody", body)] : [made("caption", none, { class: "quiet" })]));
}

function tiles(list, entries) {
  list.replaceChildren(...entries.map(([term, value, small]) =>
    made("div", [made("dt", term), made("dd", small ? [value, made("small", small)] : value)])));
}

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = false;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => { $("notice").hidden = true; }, 6000);
}

const failed = problem => { if (problem.status !== 401) notice(problem.message); };

function age(seconds) {
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24, minutes = Math.floor(seconds / 60) % 60;
  return days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

// --- the login -------------------------------------------------------------------------------

function logOut(why = "") {
  key = "";
  sessionStorage.removeItem(STORED);
  stream?.abort();
  stream = null;
  clearInterval(timer);
  for (const element of [document.querySelector("nav"), $("view"), $("logout")]) element.hidden = true;
  $("who").textContent = "";
  $("wrong").textContent = why;
  $("gate").hidden = false;
  state("", "not connected");
  $("key").focus();
}

async function logIn() {
  const rights = await ask("key");
  sessionStorage.setItem(STORED, key);
  mayWrite = rights.mayWrite;
  $("who").textContent = `${rights.name}, ${mayWrite ? "may change things" : "read-only"}`;
  $("key").value = "";
  $("gate").hidden = true;
  for (const element of [document.querySelector("nav"), $("view"), $("logout")]) element.hidden = false;
  document.querySelectorAll("[data-write]").forEach(element => { element.hidden = !mayWrite; });
  go();
}

$("login").onsubmit = event => {
  event.preventDefault();
  key = $("key").value.trim();
  $("wrong").textContent = "";
  logIn().catch(problem => { $("wrong").textContent = problem.message; });
};
$("logout").onclick = () => logOut();

// --- the stream ------------------------------------------------------------------------------

function state(id, text) {
  document.body.dataset.state = id;
  if ($("state").textContent !== text) $("state").textContent = text;
}

/** Reads the stream; opens it again when it ends, which it does every ten minutes. */
async function follow(room) {
  stream?.abort();
  const mine = stream = new AbortController();
  let pause = 500;
  while (stream === mine) {
    try {
      const answer = await fetch(new URL("stream" + (room ? "?room=" + name(room) : ""), API), {
        headers: { Authorization: "Bearer " + key }, signal: mine.signal, cache: "no-store", credentials: "omit" });
      if (answer.status === 401) return logOut("The key is not valid any more.");
      if (!answer.ok) throw new Error((await answer.json()).detail);
      $(room ? "live" : "log").replaceChildren(); // the stream begins with them
      state("open", "live");
      pause = 500;
      await events(answer.body);
    } catch (problem) {
      if (mine.signal.aborted) return;
      state("", "not connected: " + problem.message);
    }
    if (stream !== mine) return;
    await new Promise(done => setTimeout(done, pause));
    pause = Math.min(10_000, pause * 2);
  }
}

async function events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const [first, second] = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      heard[first.slice(7)]?.(JSON.parse(second.slice(6)));
    }
  }
}

const heard = {
  overview(now) {
    overview = now;
    $("server").textContent = [now.id || now.name, now.version].filter(Boolean).join(" · ");
    if (view.name === "overview") showOverview();
  },
  history(more) {
    if (samples && more.at.length && more.at[0] > samples.at.at(-1)) {
      for (const [line, values] of Object.entries(more)) {
        if (Array.isArray(values)) samples[line] = samples[line].concat(values).slice(-180);
      }
    } else if (more.at.length || !samples) {
      samples = more;
    }
    drawCharts();
  },
  log(lines) {
    append($("log"), lines.map(line => made("li", line)));
  },
  message(message) {
    append($("live"), [messageItem(message)]);
  },
  missed() {
    append($("live"), [made("li", "messages were left out here", { class: "missed" })]);
  },
  room(now) {
    const time = performance.now();
    const rate = last && now.offset >= last.offset ? (now.offset - last.offset) * 1000 / (time - last.time) : 0;
    last = { offset: now.offset, time };
    tiles($("room-tiles"), [["Members here", String(now.members)], ["Messages a second", short(rate)], ["Last offset", String(now.offset)]]);
  },
};

/** Adds to a list that stays at its end, unless somebody has scrolled up. */
function append(list, items) {
  const box = list.parentElement;
  const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 30;
  list.append(...items);
  while (list.childElementCount > KEPT) list.firstElementChild.remove();
  if (isAtEnd) box.scrollTop = box.scrollHeight;
}

function messageItem(message) {
  const said = "message" in message
    ? typeof message.message === "string" ? message.message : JSON.stringify(message.message)
    : JSON.stringify(message);
  const from = message.user?.name ?? message.user?.id ?? message.from;
  return made("li", [
    made("time", clock(message.sentAt ?? Date.now())),
    ...(from === undefined ? [] : [made("b", typeof from === "string" && /^[0-9a-f]{32,40}$/.test(message.from)
      ? link(String(from), "#client/" + message.from) : String(from), { dir: "auto" })]),
    made("span", said, { dir: "auto" }),
  ]);
}

// --- overview --------------------------------------------------------------------------------

const charts = [
  ["Messages a second", [["messagesPerSecond", "in"], ["deliveriesPerSecond", "delivered"]], short],
  ["Say to deliver", [["p50Micros", "half within"], ["p99Micros", "99 % within"]], micros],
  ["Connections", [["connections", "open"]], short],
  ["Connects and closes a second", [["connectsPerSecond", "connects"], ["closesPerSecond", "closes"]], short],
  ["Bytes a second", [["receivedBytesPerSecond", "in"], ["sentBytesPerSecond", "out"]], bytes],
  ["Memory", [["usedBytes", "heap"], ["historyBytes", "history"]], bytes],
  ["Waits", [["lagMicros", "event loops"], ["roundTripMicros", "Redis"]], micros],
  ["Trouble", [["refusedPerSecond", "refused a second"]], short],
].map(each => new Chart($("charts"), ...each));

function drawCharts() {
  if (samples && view.name === "overview" && !document.hidden) charts.forEach(chart => chart.draw(samples));
}
document.addEventListener("visibilitychange", drawCharts);

function seeMore(problem) {
  switch (problem.see) {
    case "slow": return link("Slow consumers", "#slow");
    case "room": return link("Open the room", "#room/" + name(problem.name));
    case "cluster": return link("Cluster", "#cluster");
    case "refused": return link("Refusals", "#refused");
    case "log": return link("Log", "#log");
    default: return "";
  }
}

function showProblems(problems) {
  const text = JSON.stringify(problems);
  if ($("problems").dataset.text === text) return; // else a screen reader would say it each second
  $("problems").dataset.text = text;
  $("problems").replaceChildren(...(problems.length
    ? problems.map(problem => made("li", [problem.text, seeMore(problem)]))
    : [made("li", "Nothing is wrong.", { class: "none" })]));
}

function showOverview() {
  const { perSecond, sayToDeliver, memory, slowConsumers } = overview;
  const open = Object.entries(overview.connections);
  showProblems(overview.problems);
  tiles($("tiles"), [
    ["Messages a second", short(perSecond.messages), `${short(perSecond.deliveries)} delivered`],
    ["Say to deliver", sayToDeliver.timed ? micros(sayToDeliver.p50Micros) : "–", sayToDeliver.timed ? `99 % within ${micros(sayToDeliver.p99Micros)}` : "nothing timed"],
    ["Connections", short(open.reduce((sum, [, count]) => sum + count, 0)), open.filter(([, count]) => count).map(([transport, count]) => `${transport} ${short(count)}`).join(", ")],
    ["Rooms", short(overview.rooms), `history ${bytes(overview.historyBytes)}`],
    ["Bytes a second", `${bytes(perSecond.receivedBytes)} in`, `${bytes(perSecond.sentBytes)} out`],
    ["Memory", bytes(memory.usedBytes), `of ${bytes(memory.maxBytes)}`],
    ["Slow consumers", short(slowConsumers.clients), `${bytes(slowConsumers.waitingBytes)} wait`],
    ["Refused a second", short(perSecond.refused), `up for ${age(overview.uptimeSeconds)}`],
  ]);
  table($("loops"), ["Loop", "Late by", "Rooms", "Clients that wait", "Bytes that wait"], overview.loops.map((loop, i) =>
    [String(i), micros(loop.lagMicros), short(loop.rooms), short(loop.backloggedClients), bytes(loop.backlogBytes)]), "");
  table($("refusals"), ["Kind", "Count"], Object.entries(overview.refused).filter(([, count]) => count).sort((a, b) => b[1] - a[1])
    .map(([kind, count]) => [made("span", kind), count.toLocaleString()]), "nothing");
  const { cluster } = overview;
  $("servers").replaceChildren(...(cluster ? [
    made("p", `Redis ${cluster.connected ? "is reached" : "cannot be reached"}; a request takes ${cluster.roundTripMillis ?? "?"} ms; the clocks differ by ${cluster.clockSkewMillis} ms.`),
    made("ul", cluster.servers.map(server => made("li", server))),
  ] : [made("p", "This server runs alone.", { class: "quiet" })]));
}

// --- rooms -----------------------------------------------------------------------------------

async function showRooms() {
  const query = new URLSearchParams({ sort: $("sort").value, match: $("match").value.trim(), limit: PAGE });
  if (after && $("sort").value === "name") query.set("after", after);
  const { rooms, next } = await ask("rooms?" + query);
  table($("room-list"), ["Room", "Members", "Messages a second", "Waiting bytes"], rooms.map(room =>
    [roomLink(room.room), String(room.membersCount), room.messagesPerSecond === null ? null : String(room.messagesPerSecond), bytes(room.waitingBytes)]), "no rooms");
  const isByName = $("sort").value === "name";
  const text = rooms.length + " rooms" + (next ? isByName ? ", and more follow" : ", the first of more" : "");
  if ($("rooms-state").textContent !== text) $("rooms-state").textContent = text;
  $("rooms-next").hidden = !(next && isByName);
  $("rooms-next").onclick = () => { after = next; showRooms().catch(failed); };
  $("rooms-first").hidden = !(after && isByName);
}
$("rooms-first").onclick = () => { after = ""; showRooms().catch(failed); };
$("sort").onchange = () => { after = ""; showRooms().catch(failed); };
$("match").oninput = () => {
  after = "";
  clearTimeout(showRooms.timer);
  showRooms.timer = setTimeout(() => showRooms().catch(failed), 250);
};
$("filter").onsubmit = event => event.preventDefault();

// --- a room ----------------------------------------------------------------------------------

async function showMembers(room, from = "") {
  const page = await ask(`rooms/${name(room)}?limit=${PAGE}${from ? "&after=" + name(from) : ""}`);
  if (view.arg !== room) return;
  table($("members"), ["Connection"], page.members.map(id => [clientLink(id)]), "nobody");
  $("members-h").textContent = `Members (${page.membersCount} on all servers)`;
  table($("users"), ["User", "Connections"], (page.users ?? []).map(user =>
    [link(user.name ? `${user.name} (${user.id})` : user.id, "#user/" + name(user.id)), String(user.connections)]), "nobody has logged in");
  $("members-next").hidden = !page.next;
  $("members-next").onclick = () => showMembers(room, page.next).catch(failed);
}

const slowRow = client => [clientLink(client.id), client.user ? link(client.user.id, "#user/" + name(client.user.id)) : "–",
  client.rooms.length === 1 ? roomLink(client.rooms[0].room) : `${client.rooms.length} rooms`, client.address, bytes(client.waitingBytes),
  String(client.rooms.reduce((sum, room) => sum + room.messagesLeftOut, 0))];
const SLOW_HEADS = ["Connection", "User", "Room", "Address", "Bytes that wait", "Messages left out"];

async function showRoom(room) {
  const { connections } = await ask("slow?room=" + name(room));
  if (view.arg !== room) return;
  table($("slow-members"), SLOW_HEADS, connections.map(slowRow), "none");
}

async function showSlow() {
  const { connections } = await ask("slow");
  $("slow-state").textContent = connections.length === 1 ? "1 client" : connections.length + " clients";
  table($("slow-list"), SLOW_HEADS, connections.map(slowRow), "none");
}

$("speak").onsubmit = async event => {
  event.preventDefault();
  const room = view.arg, text = $("text").value;
  if (await confirmed(`Say this to ${room} as the server?`, text)) {
    act(ask(`rooms/${name(room)}/messages`, "POST", { message: text }), "said").then(() => { $("text").value = ""; });
  }
};

$("explain").onsubmit = async event => {
  event.preventDefault();
  const who = $("explain-who").value.trim(), offset = $("explain-offset").value.trim();
  const query = new URLSearchParams({ room: view.arg, [isConnection(who) ? "connection" : "user"]: who });
  if (offset) query.set("offset", offset);
  try {
    const { text, events } = await ask("explain?" + query);
    $("explained").textContent = text;
    table($("explain-events"), ["Time", "Event", "Connection", "More"], (events ?? []).map(({ at, event, connection, room, ...more }) =>
      [new Date(at).toLocaleTimeString(), event ?? "–", connection ? clientLink(connection) : "–",
        Object.entries(more).map(([field, value]) => `${field} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ")]), "no events");
    $("explain-events").hidden = false;
  } catch (problem) {
    failed(problem);
  }
};

// --- a client or a user ----------------------------------------------------------------------

/** Screen readers read a text that is set, even if it is the same. */
function clientState(text) {
  if ($("client-state").textContent !== text) $("client-state").textContent = text;
}

async function showClient(id) {
  let client;
  try {
    client = await ask("connections/" + name(id));
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    if (view.arg !== id) return;
    clearInterval(timer); // it does not come back under this id
    clientState("This connection is not on this server: it has ended, or another server of the cluster has it.");
    const closed = (await ask("closed?id=" + name(id))).closed;
    tiles($("client-tiles"), closed.map(each => ["Closed at " + new Date(each.at).toLocaleTimeString(), each.reason]));
    table($("client-rooms"), [], [], "");
    shown = { id, targets: [["this connection", { id }]] };
    return;
  }
  if (view.arg !== id) return;
  clientState("");
  const targets = [["this connection", { id }]];
  if (client.user) targets.unshift([`the user ${client.user.id}`, { attribute: { name: "user", value: client.user.id } }]);
  targets.push([`the address ${client.address}`, { address: client.address }]);
  shown = { id, targets };
  tiles($("client-tiles"), [
    ["Transport", client.transport],
    ["Address", client.address],
    ["User", client.user ? link(client.user.name ?? client.user.id, "#user/" + name(client.user.id)) : "not logged in"],
    ["Connected", age((Date.now() - client.connectedAt) / 1000) + " ago", new Date(client.connectedAt).toLocaleString()],
    ["Bytes that wait", bytes(client.waitingBytes)],
    ...Object.entries(client.attributes).map(([attribute, value]) => [attribute, value]),
  ]);
  table($("client-rooms"), ["Room", "As", "Messages left out"], client.rooms.map(room =>
    [roomLink(room.room), room.member ? room.listens ? "member, listener" : "member" : "listener", String(room.messagesLeftOut)]), "in no room");
}

async function showUser(id) {
  const user = await ask("users/" + name(id));
  if (view.arg !== id) return;
  shown = { id, targets: [[`the user ${id}`, { attribute: { name: "user", value: id } }]] };
  $("client-state").textContent = `${user.connectionsCount} connections${user.complete ? "" : ", and perhaps more: a server did not answer"}`;
  tiles($("client-tiles"), user.user ? [["Name", user.user.name ?? "–"]] : []);
  table($("client-connections"), ["Connection", "Server", "Transport", "Connected", "Rooms"], user.connections.map(each =>
    [clientLink(each.id), each.server, each.transport, new Date(each.connectedAt).toLocaleString(),
      each.rooms.flatMap((room, i) => i ? [", ", roomLink(room)] : [roomLink(room)])]), "not online");
  const closed = (await ask("closed?user=" + name(id))).closed;
  if (view.arg === id && closed.length) {
    $("client-state").textContent += `; the last one closed at ${new Date(closed.at(-1).at).toLocaleTimeString()}: ${closed.at(-1).reason}`;
  }
}

$("find").onsubmit = event => {
  event.preventDefault();
  const id = $("id").value.trim();
  location.hash = (isConnection(id) ? "#client/" : "#user/") + name(id);
};

// --- measures --------------------------------------------------------------------------------

async function showMeasures() {
  const all = (await Promise.all(["bans", "mutes", "closures"].map(async kind =>
    (await ask(`${kind}?limit=1000`))[kind].map(measure => ({ ...measure, list: kind }))))).flat();
  table($("measure-list"), ["Kind", "Whom", "Room", "Until", "Reason", ""], all.map(measure => {
    const lift = made("button", "Lift…", { type: "button" });
    lift.onclick = async () => {
      if (await confirmed(`Lift this ${measure.kind}?`, measure.reason)) act(ask(`${measure.list}/${measure.id}`, "DELETE"), "lifted").then(showMeasures);
    };
    const target = measure.target;
    return [measure.kind, target ? target.id ?? target.address ?? `${target.attribute.name} ${target.attribute.value}` : "everybody",
      measure.room ? roomLink(measure.room) : "–", new Date(measure.until).toLocaleString(), measure.reason || "–", mayWrite ? lift : ""];
  }), "none");
}

// --- changing something ----------------------------------------------------------------------

/** Asks before something is changed; answers with the fields of the dialog, or null. */
function confirmed(title, text, { targets = [], time = false, reason = false } = {}) {
  $("confirm-h").textContent = title;
  $("confirm-text").textContent = text;
  $("target").replaceChildren(...targets.map(([label], i) => made("option", label, { value: i })));
  $("target-l").hidden = !targets.length;
  $("time-l").hidden = !time;
  $("reason-l").hidden = !reason;
  $("reason").value = "";
  $("confirm").returnValue = "no";
  $("confirm").showModal();
  return new Promise(done => {
    $("confirm").onclose = () => done($("confirm").returnValue !== "yes" ? null
      : { target: targets[$("target").value]?.[1], seconds: Number($("time").value), reason: $("reason").value.trim() });
  });
}

async function act(work, what) {
  try {
    await work;
    notice(what);
  } catch (problem) {
    failed(problem);
    throw problem;
  }
}

const acts = {
  async kick() {
    const { id } = shown;
    const asked = view.name === "client" && await confirmed("Disconnect this client?", "Its programs may connect again at once; a ban prevents that.", { reason: true });
    if (asked) await act(ask("connections/" + name(id), "DELETE", { reason: asked.reason }), "disconnected").then(show);
  },
  async ban() {
    const asked = await confirmed("Ban?", "The client is disconnected, and refused until the ban ends, on all servers.", { targets: shown.targets, time: true, reason: true });
    if (asked) await act(ask("bans", "POST", asked), "banned").then(show);
  },
  async mute() {
    const asked = await confirmed("Mute?", "The client cannot say anything in any room until the mute ends, on all servers.", { targets: shown.targets, time: true, reason: true });
    if (asked) await act(ask("mutes", "POST", asked), "muted");
  },
  async close() {
    const room = view.arg;
    const asked = await confirmed(`Close ${room}?`, "Its members move to the default room, and nobody can enter it until the time is over.", { time: true, reason: true });
    if (asked) await act(ask("rooms/" + name(room), "DELETE", { seconds: asked.seconds, reason: asked.reason }), "closed");
  },
};
document.querySelectorAll("[data-act]").forEach(button => { button.onclick = () => acts[button.dataset.act]().catch(() => {}); });

// --- which page ------------------------------------------------------------------------------

const views = {
  overview: () => { if (overview) showOverview(); drawCharts(); },
  rooms: showRooms,
  room: room => showRoom(room),
  slow: showSlow,
  client: showClient,
  user: showUser,
  measures: showMeasures,
};

async function show() {
  try {
    await views[view.name](view.arg);
  } catch (problem) {
    failed(problem);
  }
}

function go() {
  if (!key || !$("gate").hidden) return;
  const [wanted, rest] = location.hash.slice(1).split(/\/(.*)/s);
  if (stream && ["cluster", "refused", "log"].includes(wanted)) return; // parts of the overview
  let arg = "";
  try {
    arg = decodeURIComponent(rest ?? "");
  } catch { /* not written by this page */ }
  const isRoom = view.name === "room" && view.arg;
  view = { name: Object.hasOwn(views, wanted) ? wanted : "overview", arg };
  const section = view.name === "user" ? "client" : view.name;
  document.querySelectorAll("main > section").forEach(each => { each.hidden = each.id !== section; });
  document.querySelectorAll("nav a").forEach(each => {
    if (each.hash === "#" + (section === "room" ? "rooms" : section)) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  });
  clearInterval(timer);
  if (view.name === "room") {
    last = null;
    $("room-h").textContent = "Room " + arg;
    $("live").replaceChildren();
    $("explained").textContent = "";
    $("explain-events").hidden = true;
    tiles($("room-tiles"), []);
    showMembers(arg).catch(failed);
  }
  if (section === "client") {
    shown = null;
    $("client-h").textContent = (view.name === "user" ? "User " : "Connection ") + arg;
    $("client-state").textContent = "";
    document.querySelector("[data-act=kick]").hidden = view.name === "user" || !mayWrite;
    $("client-tiles").replaceChildren();
    $("client-rooms").replaceChildren();
    $("client-connections").replaceChildren();
  }
  if (!stream || view.name === "room" || isRoom) follow(view.name === "room" ? arg : "");
  show();
  if (["rooms", "room", "slow", "client"].includes(view.name)) timer = setInterval(() => { if (!document.hidden) show(); }, 5000);
  if (go.isFollowed) document.querySelector(`#${section} h2`).focus();
  go.isFollowed = true;
  document.title = `${document.querySelector(`#${section} h2`).textContent} – Earshot console`;
}
window.onhashchange = go;

if (key) {
  logIn().catch(problem => { if (problem.status !== 401) logOut(problem.message); });
} else {
  logOut();
}
