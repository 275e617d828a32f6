import { useState } from 'react';
import { Earshot } from 'earshot-client';
import { useRoom } from 'earshot-client/react';

const client = new Earshot('ws://localhost:8080', { token: () => fetch('/chat-token').then((answer) => answer.text()) });
const nameOf = ({ user }) => user?.name;

export function useChat(name) {
  const { messages, present, typing, say, type } = useRoom(client, name);
  const [readAt, setReadAt] = useState(0);
  return {
    say, type, present: present.map(nameOf), typing: typing.map(nameOf),
    messages: messages.map((said) => ({ ...said, name: nameOf(said), text: said.message })),
    unread: messages.filter(({ own, sentAt }) => !own && sentAt > readAt).length,
    read: () => setReadAt(messages.at(-1)?.sentAt ?? 0),
  };
}
