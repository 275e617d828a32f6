import { useRoom } from 'earshot-client/react';

export function Chat({ client, name }) {
  const { messages, say, present, typing, type } = useRoom(client, name);
  const nameOf = ({ id, from, user }) => user?.name ?? from ?? id;
  const send = ({ elements: { text } }) => { say(text.value); text.value = ''; };
  return (
    <form onSubmit={(event) => { event.preventDefault(); send(event.target); }}>
      <p>{present.map(nameOf).join(', ')}</p>
      {messages.map((said) => <p key={said.key} className={said.pending ? 'pending' : 'said'}><b>{nameOf(said)}</b> {said.message}</p>)}
      {typing.length > 0 && <i>{typing.map(nameOf).join(', ')} …</i>}
      <input name="text" onInput={type} autoComplete="off" />
    </form>
  );
}
