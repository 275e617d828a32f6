// What `useRoom` of Earshot does, for the three others: messages in order, own ones at once, who types, what is unread.
import { useRef, useState } from 'react';

export function useView(own) {
  const [messages, setMessages] = useState([]);
  const [present, setPresent] = useState([]);
  const [typing, setTyping] = useState([]);
  const [readAt, setReadAt] = useState(0);
  const typedAt = useRef(0);
  const timers = useRef(new Map());
  const stopped = ({ id }) => {
    clearTimeout(timers.current.get(id));
    setTyping((who) => who.filter((user) => user.id !== id));
  };
  const types = (user) => {
    stopped(user);
    timers.current.set(user.id, setTimeout(stopped, 6_000, user));
    setTyping((who) => [...who, user]);
  };
  /** Adds messages, or replaces those of the same key. What the server has not accepted is last. */
  const add = (all) => setMessages((before) => {
    const keys = new Set(all.map(({ key }) => key));
    return [...before.filter(({ key }) => !keys.has(key)), ...all].sort((a, b) => (a.place ?? Infinity) - (b.place ?? Infinity) || 0);
  });
  /** Whether the others are to hear again that the user types. */
  const isTime = () => {
    if (Date.now() - typedAt.current < 2_500) return false;
    typedAt.current = Date.now();
    return true;
  };
  const view = {
    messages: messages.map((said) => ({ ...said, name: said.user.name })),
    present: present.map(({ name }) => name),
    typing: typing.map(({ name }) => name),
    unread: messages.filter(({ user, sentAt }) => user.id !== own?.id && sentAt > readAt).length,
    read: () => setReadAt(messages.at(-1)?.sentAt ?? 0),
  };
  return { view, add, setPresent, types, stopped, isTime };
}
