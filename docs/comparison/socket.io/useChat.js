import { useEffect, useRef, useState } from 'react';
import { io } from 'socket.io-client';
import { useView } from '../view.js';

const socket = io({ retries: 5, ackTimeout: 10_000 });

export function useChat(room) {
  const [me, setMe] = useState(null);
  const { view, add, setPresent, types, stopped, isTime } = useView(me);
  const last = useRef(0);
  useEffect(() => {
    const here = (listener) => (name, what) => name === room && listener(what);
    const hear = (all) => {
      last.current = Math.max(last.current, ...all.map(({ place }) => place));
      all.forEach(({ user }) => stopped(user));
      add(all);
    };
    const join = async () => {
      const { user, messages } = await socket.emitWithAck('join', room, last.current);
      setMe(user);
      hear(messages);
    };
    const listeners = {
      connect: join, message: here((said) => hear([said])), present: here(setPresent), typing: here(types),
    };
    for (const event in listeners) socket.on(event, listeners[event]);
    if (socket.connected) join();
    return () => {
      for (const event in listeners) socket.off(event, listeners[event]);
      socket.emit('leave', room);
    };
  }, [room]);
  return {
    ...view,
    say: async (text) => {
      const own = { key: crypto.randomUUID(), user: me, text, sentAt: Date.now() };
      add([{ ...own, pending: true }]);
      add([{ ...own, ...await socket.emitWithAck('say', room, own.key, text) }]);
    },
    type: () => isTime() && socket.volatile.emit('typing', room),
  };
}
