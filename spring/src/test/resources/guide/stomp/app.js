const element = (id) => document.getElementById(id);

const client = new StompJs.Client({ brokerURL: `ws://${location.host}/websocket` });

client.onConnect = () => {
  setConnected(true);
  client.subscribe('/topic/greetings', (greeting) => {
    show(JSON.parse(greeting.body).content);
  });
};

client.onWebSocketError = (error) => {
  console.error('Error with the WebSocket', error);
};

client.onStompError = (frame) => {
  console.error('Error of the broker', frame.headers.message, frame.body);
};

client.onWebSocketClose = () => setConnected(false);

function setConnected(isConnected) {
  element('connect').disabled = isConnected;
  element('disconnect').disabled = !isConnected;
  element('send').disabled = !isConnected;
}

function show(text) {
  const item = document.createElement('li');
  item.textContent = text;
  element('greetings').append(item);
}

function send() {
  client.publish({
    destination: '/app/hello',
    body: JSON.stringify({ name: element('name').value }),
  });
}

element('connect').addEventListener('click', () => client.activate());
element('disconnect').addEventListener('click', () => client.deactivate());
element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  send();
});
