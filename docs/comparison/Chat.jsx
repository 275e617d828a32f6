// The same component for all four: `useChat` is what they write differently.
export function Chat({ useChat, room }) {
  const { messages, present, typing, unread, say, type, read } = useChat(room);
  const send = (event) => {
    event.preventDefault();
    const { text } = event.target.elements;
    say(text.value);
    text.value = '';
  };
  return (
    <form onSubmit={send} onFocus={read}>
      <p>{present.join(', ')}</p>
      <h1>{room} {unread > 0 && <b>{unread}</b>}</h1>
      <ul>
        {messages.map(({ key, name, text, pending }) => <li key={key} className={pending ? 'pending' : 'said'}><b>{name}</b> {text}</li>)}
      </ul>
      {typing.length > 0 && <i>{typing.join(', ')} …</i>}
      <input name="text" onInput={() => type()} autoComplete="off" />
    </form>
  );
}
