'use strict';
// The page speaks the same JSON frames that any WebSocket client does.
const $ = (id) => document.getElementById(id);
let socket;
let wanted; // the room to be in after a reconnect
let retry = 500;
const sent = new Map(); // what was asked, by messageId
let nextId = 1;

function ask(request) {
  if (socket.readyState !== WebSocket.OPEN) return show('error', '', 'not connected; try again in a moment');
  request.messageId = nextId++;
  sent.set(request.messageId, request);
  socket.send(JSON.stringify(request));
}

function show(kind, who, text, when = Date.now()) {
  const line = document.createElement('li');
  const label = document.createElement('small');
  line.className = kind;
  label.textContent = `${new Date(when).toLocaleTimeString()} ${who}`;
  line.append(label, text);
  $('messages').append(line);
  line.scrollIntoView({ block: 'end' });
}

function heard(event) {
  const data = JSON.parse(event.data);
  if (data.context === 'user') {
    const text = typeof data.message === 'string' ? data.message : JSON.stringify(data.message);
    show('other', String(data.from).slice(0, 8), text, data.sentAt);
  } else if (data.context === 'api') {
    retry = 500;
    state(data.room);
    if (wanted && wanted !== data.room) ask({ event: 'roomChange', room: wanted });
  } else {
    answered(data, sent.get(data.messageId));
    sent.delete(data.messageId);
  }
}

function answered(data, request) {
  if (data.error) show('error', '', data.error);
  else if (request?.event === 'say') show('own', 'me', request.message);
  else if (request?.event === 'roomChange') state(wanted = data.room);
}

function state(room) {
  $('state').textContent = room ? `in ${room}` : 'reconnecting';
  if (room && document.activeElement !== $('room')) $('room').value = room;
}

function connect() {
  socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`);
  socket.onmessage = heard;
  socket.onclose = () => {
    state(null);
    sent.clear();
    setTimeout(connect, retry * (0.5 + Math.random()));
    retry = Math.min(retry * 2, 15000);
  };
}

$('speak').onsubmit = (event) => {
  event.preventDefault();
  if (!$('text').value) return;
  ask({ event: 'say', message: $('text').value });
  $('text').value = '';
};
$('go').onsubmit = (event) => {
  event.preventDefault();
  $('messages').replaceChildren();
  ask({ event: 'roomChange', room: $('room').value });
  $('text').focus();
};
connect();
