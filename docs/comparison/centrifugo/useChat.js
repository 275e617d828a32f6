import { useEffect, useRef } from 'react';
import { Centrifuge } from 'centrifuge';
import { useView } from '../view.js';

let me = null;
const getToken = async () => {
  const { user, token } = await (await fetch('/chat-token')).json();
  me = user;
  return token;
};
const centrifuge = new Centrifuge('ws://localhost:8000/connection/websocket', { getToken });
centrifuge.connect();

const userOf = ({ user, connInfo }) => ({ id: user, name: connInfo.name });
const shown = ({ data, info, offset }) => ({ ...data, user: userOf(info), place: offset });

export function useChat(room) {
  const { view, add, setPresent, types, stopped, isTime } = useView(me);
  const channels = useRef(null);
  useEffect(() => {
    const chat = centrifuge.newSubscription(`chat:${room}`);
    const typing = centrifuge.newSubscription(`typing:${room}`);
    channels.current = { chat, typing };
    const loadPresent = async () => {
      const { clients } = await chat.presence();
      const users = Object.values(clients).map(userOf);
      setPresent([...new Map(users.map((user) => [user.id, user])).values()]); // each once, with several tabs
    };
    chat.on('publication', (said) => {
      stopped(userOf(said.info));
      add([shown(said)]);
    });
    chat.on('subscribed', async ({ wasRecovering, recovered }) => {
      loadPresent();
      if (wasRecovering && recovered) return;
      const { publications } = await chat.history({ limit: 50, reverse: true });
      add(publications.map(shown));
    });
    chat.on('join', loadPresent);
    chat.on('leave', loadPresent);
    typing.on('publication', ({ info }) => info.user !== me?.id && types(userOf(info)));
    chat.subscribe();
    typing.subscribe();
    return () => [chat, typing].forEach((channel) => {
      channel.unsubscribe();
      centrifuge.removeSubscription(channel);
    });
  }, [room]);
  return {
    ...view,
    say: async (text) => {
      const said = { key: crypto.randomUUID(), text, sentAt: Date.now() };
      add([{ ...said, user: me, pending: true }]); // its publication replaces it
      await channels.current.chat.publish(said);
    },
    type: () => isTime() && channels.current.typing.publish({}),
  };
}
