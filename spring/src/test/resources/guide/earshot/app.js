import { Earshot } from '/earshot.js';

const client = new Earshot('ws://localhost:8081');

client.join('greetings').on('message', ({ message }) => {
  const item = document.createElement('li');
  item.textContent = message;
  document.getElementById('greetings').append(item);
});

document.getElementById('form').addEventListener('submit', (event) => {
  event.preventDefault();
  client.action('hello', { name: document.getElementById('name').value });
});
