import { useEffect, useRef, useState } from 'react';
import Pusher from 'pusher-js';
import { useView } from '../view.js';

const pusher = new Pusher('APP_KEY', { cluster: 'eu', channelAuthorization: { endpoint: '/pusher/auth', transport: 'ajax' } });
const userOf = ({ id, info }) => ({ id, name: info.name });
const ask = async (path, options) => {
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
};

export function useChat(room) {
  const [me, setMe] = useState(null);
  const { view, add, setPresent, types, stopped, isTime } = useView(me);
  const channel = useRef(null);
  const last = useRef(0);
  const path = `/rooms/${encodeURIComponent(room)}/messages`;
  useEffect(() => {
    const joined = channel.current = pusher.subscribe(`presence-${room}`);
    const hear = (all) => {
      last.current = Math.max(last.current, ...all.map(({ place }) => place));
      all.forEach(({ user }) => stopped(user));
      add(all);
    };
    const loadPresent = () => {
      const present = [];
      joined.members.each((member) => present.push(userOf(member)));
      setPresent(present);
    };
    joined.bind('pusher:subscription_succeeded', async ({ me: own }) => { // again after each reconnect
      setMe(userOf(own));
      loadPresent();
      hear(await ask(`${path}?after=${last.current}`));
    });
    joined.bind('pusher:member_added', loadPresent);
    joined.bind('pusher:member_removed', loadPresent);
    joined.bind('message', (said) => hear([said]));
    joined.bind('client-typing', (what, { user_id: id }) => types(userOf(joined.members.get(id))));
    return () => pusher.unsubscribe(`presence-${room}`);
  }, [room]);
  return {
    ...view,
    say: async (text) => {
      const own = { key: crypto.randomUUID(), user: me, text, sentAt: Date.now() };
      add([{ ...own, pending: true }]);
      const body = JSON.stringify({ key: own.key, text, socket: pusher.connection.socket_id });
      for (let tries = 1; ; tries++) {
        try {
          return add([await ask(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } })]);
        } catch (error) {
          if (tries === 5) throw error;
          await new Promise((resolve) => { setTimeout(resolve, 1_000 * tries); });
        }
      }
    },
    type: () => isTime() && channel.current.trigger('client-typing', {}),
  };
}
