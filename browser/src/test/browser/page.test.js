'use strict';
// The chat page as people use it: what they see, hear read out and type, on good networks and bad ones.
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test, before, after, afterEach } = require('node:test');
const { below, launch, nc, network, patience } = require('./tools.js');

const given = Object.fromEntries(process.argv.slice(2).map((pair) => pair.split('=')));
const site = `http://127.0.0.1:${given.http}`;
const LOOKS = { locale: 'en-GB', viewport: { width: 1000, height: 640 } };
let browser;
let shared; // by those who need nothing of their own, since a context takes a browser long
let ends = []; // of what a test has opened
let rooms = 0;
const aRoom = () => `room-${++rooms}`;

before(async () => {
  browser = await launch(given.browser);
  shared = await browser.newContext(LOOKS);
});
after(() => browser.close());
afterEach(async () => { for (const end of ends.splice(0).reverse()) await end(); });

// What a browser itself says of a network that fails, or of a server that refuses.
const NETWORK = /^(WebSocket connection to|Failed to load resource)/;

/**
 * Somebody's page. With `bad`, the network may fail, and nothing else may. With `own`, a browser's context of its own,
 * made with these options: what one has stored and may do there is nobody else's. Whoever is `deaf` gets no WebSocket.
 * Each is asked for a name, and gives it, or `name` is empty; with `name` undefined one has been asked before.
 */
async function open(hash = '', { bad = false, at = site, own, name } = {}) {
  const { deaf, ...options } = own ?? {};
  const context = own ? await browser.newContext({ ...LOOKS, ...options }) : shared;
  const page = await context.newPage();
  if (deaf) await page.routeWebSocket(/./, (socket) => socket.close());
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type()) || (bad && NETWORK.test(message.text()))) return;
    complaints.push(message.text());
  });
  await page.addInitScript({ path: require.resolve('axe-core/axe.min.js') });
  if (name === undefined) await page.addInitScript(() => localStorage.setItem('earshot.login', '{"isAnswered":true}'));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`against the policy: ${violatedDirective} ${blockedURI}`));
  });
  ends.push(async () => {
    await (own ? context : page).close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(`${at}/${hash && `#${hash}`}`);
  const asks = page.getByRole('dialog', { name: 'What is your name?' });
  if (name) {
    await asks.getByRole('textbox', { name: 'Your name' }).fill(name);
    await page.keyboard.press('Enter');
  }
  const log = page.getByRole('log', { name: 'Messages' });
  const input = page.getByRole('textbox', { name: 'Message' });
  return {
    page, log, input, asks,
    /** Waits until it says so of itself. */
    is: (state) => page.getByRole('status').getByText(state, { exact: true }).waitFor(patience),
    sees: (text) => log.getByText(text).first().waitFor(patience),
    say: async (text) => {
      await input.fill(text);
      await input.press('Enter');
    },
    /** The lines that it shows, each as its time, who said it, and the rest. */
    shown: () => log.locator('li').evaluateAll((items) => items.map((item) => {
      const copy = item.cloneNode(true);
      const cut = (name) => {
        const part = copy.querySelector(name);
        part?.remove();
        return part?.textContent ?? '';
      };
      return [cut('time'), cut('b'), copy.textContent];
    })),
    members: () => page.getByRole('complementary', { name: 'Who is here' }).getByRole('listitem').allTextContents(),
    enter: async (room) => {
      const menu = page.getByRole('button', { name: 'Rooms and people' });
      if (await menu.isVisible()) await menu.tap();
      await page.getByRole('textbox', { name: 'Another room' }).fill(room);
      await page.getByRole('button', { name: 'Enter', exact: true }).click();
      await page.getByRole('status').getByText(`in ${room}`, { exact: true }).waitFor(patience);
    },
  };
}

/** An nc that is in a room, or in everybody's. */
async function talker(room) {
  const it = nc(given.tcp);
  ends.push(it.end);
  await it.hear('"context":"api"');
  if (room) {
    it.say(`roomChange ${room}`);
    await it.hear('"status":"OK"');
  }
  return it;
}

const link = encodeURIComponent;
const until = async (ask, done) => {
  const late = Date.now() + patience.timeout;
  for (;;) {
    const answer = await ask();
    if (done(answer)) return answer;
    assert.ok(Date.now() < late, `still ${JSON.stringify(answer)}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
};

test('two pages and an nc meet in one room', async () => {
  const ada = await open();
  await ada.is('in defaultRoom');
  const bob = await open();
  await bob.is('in defaultRoom');
  await ada.sees('came in');
  const nick = await talker();
  await until(ada.members, (members) => members.length === 3);
  const members = await until(bob.members, (all) => all.length === 3);
  assert.equal(members[0], 'you');
  await bob.page.getByRole('heading', { name: 'Here (3)' }).waitFor(patience);

  await ada.say('hello from a page');
  await bob.sees('hello from a page');
  await nick.hear('"message":"hello from a page"');
  nick.say('say and from a terminal');
  await ada.sees('and from a terminal');
  await bob.sees('and from a terminal');
  const [[time, you, mine]] = (await ada.shown()).filter(([, who]) => who === 'you');
  assert.match(time, /^\d\d:\d\d$/);
  assert.deepEqual([you, mine], ['you', 'hello from a page']);
  const [[, first, told], [, second, answer]] = (await bob.shown()).slice(-2);
  assert.deepEqual([told, answer], ['hello from a page', 'and from a terminal']);
  assert.ok(first !== second && members.includes(first) && members.includes(second), `${first}, ${second}: ${members}`);
  await until(() => ada.log.locator('.waiting').count(), (count) => count === 0);

  assert.equal(await ada.log.getByText('came in').count(), 2, 'each has come in once');
  nick.say('quit');
  await ada.sees('left');
  assert.deepEqual((await ada.shown()).at(-1).slice(1), [second, 'left']);
  await until(ada.members, (all) => all.length === 2);
});

test('rooms are made, entered, listened to and left; what is unread is counted', async () => {
  const [attic, cellar] = [aRoom(), aRoom()];
  const ada = await open(link(attic));
  await ada.is(`in ${attic}`);
  const bob = await open(link(attic));
  await bob.is(`in ${attic}`);
  await bob.page.getByRole('textbox', { name: 'Another room' }).fill(cellar);
  await bob.page.getByRole('button', { name: 'Listen' }).click();
  await bob.is(`listening to ${cellar}`);
  assert.ok(await bob.input.isDisabled());

  await ada.input.fill('half a thought');
  await ada.enter(cellar);
  assert.equal(await ada.input.inputValue(), '');
  assert.deepEqual(await ada.members(), ['you']); // whoever listens is not in it
  await ada.say('anybody?');
  await bob.sees('anybody?');

  await bob.enter(cellar); // and now is, and still sees what it has heard
  await bob.sees('anybody?');
  await ada.sees('came in');
  await bob.say('me');
  await ada.sees('me');

  // Of two messages in a room that is not shown, both are counted, and nobody loses the place where one is.
  const rooms = ada.page.getByRole('navigation', { name: 'Rooms' });
  const back = rooms.getByRole('button', { name: attic });
  await back.focus();
  const nick = await talker(attic);
  nick.say('say one');
  nick.say('say two');
  await rooms.getByRole('button', { name: `${attic} 2 unread` }).waitFor(patience);
  assert.ok(await back.evaluate((button) => button === document.activeElement));
  await ada.page.keyboard.press('Enter');
  await ada.is(`in ${attic}`);
  await ada.sees('two');
  assert.equal(await ada.input.inputValue(), 'half a thought');
  assert.equal(await rooms.getByRole('button', { name: attic, exact: true }).getAttribute('aria-current'), 'true');

  await ada.page.getByRole('button', { name: 'Leave' }).click();
  await ada.is(`in ${cellar}`);
  assert.equal(await rooms.getByRole('button', { name: attic }).count(), 0);
  await nick.hear('I have left the room');
  await ada.page.getByRole('button', { name: 'Leave' }).click();
  await ada.is('in defaultRoom');
  await ada.page.getByRole('button', { name: 'Leave' }).click();
  await ada.page.getByRole('alert').getByText('This is your only room').waitFor(patience);
});

test('text is never markup, neither of a message nor of a room', async () => {
  const html = '<img src=x onerror="alert(1)"><script>alert(2)</script><b onclick=alert(3)>bold</b>&amp;';
  const room = '<i>room</i>';
  const ada = await open(link(room));
  await ada.is(`in ${room}`);
  const bob = await open(link(room));
  await bob.is(`in ${room}`);
  await ada.say(html);
  await bob.sees('bold');
  assert.equal((await bob.shown()).at(-1)[2], html);
  assert.equal((await ada.shown()).at(-1)[2], html);
  for (const { page } of [ada, bob]) {
    assert.equal(await page.locator('img, i:not(.hidden), script:not([src]), [onclick]').count(), 0);
    assert.equal(await page.getByRole('heading', { name: room }).textContent(), room);
  }
  await bob.page.evaluate(([name, message]) => fetch(`/rooms/${encodeURIComponent(name)}/messages`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message: { is: message } }),
  }), [room, html]);
  await ada.sees('{"is":');
  assert.equal((await ada.shown()).at(-1)[2], JSON.stringify({ is: html }));
});

/** A talk in which one loses the network, and hears afterwards what was said meanwhile. */
async function lostAndFound({ waits = false, own }) {
  const room = 'summer party';
  const wire = await network(given.http);
  ends.push(wire.close);
  const ada = await open(link(room), { own, at: `http://127.0.0.1:${wire.port}`, bad: true });
  await ada.is(`in ${room}`);
  const bob = await open(link(room));
  await bob.is(`in ${room}`);
  const nick = nc(given.tcp);
  ends.push(nick.end);
  await nick.hear('"context":"api"');
  nick.say(JSON.stringify({ event: 'roomChange', room }));
  await nick.hear('"status":"OK"');
  const says = async (text) => {
    nick.say(JSON.stringify({ event: 'say', message: text }));
    await bob.sees(text);
  };
  await bob.say('I have borrowed a projector for Friday');
  await ada.sees('projector');
  await says('Hello from a terminal! I bring the cheese');
  await ada.sees('terminal');
  await ada.say('Lovely. Who brings bread?');
  await bob.sees('bread');

  wire.cut();
  await ada.is('connection lost, reconnecting…');
  await ada.sees('Connection lost');
  await says('Bread: me. And figs');
  await bob.say('Then I bring lemonade');
  await nick.hear('lemonade');
  await says('Eight o\'clock, as always?');
  await ada.say('Are you still there?');
  await ada.sees('Are you still there?');
  const item = ada.log.getByRole('listitem').filter({ hasText: 'still there' });
  assert.match(await item.evaluate((it) => getComputedStyle(it, '::after').content), /waits until you are back/);
  wire.mend();
  if (!waits) await ada.page.evaluate(() => dispatchEvent(new Event('online'))); // as systems say that they notice it
  await ada.is(`in ${room}`);
  await ada.sees('3 missed messages recovered');
  await nick.hear('Are you still there?');
  await says('We are. You are back');
  await ada.sees('We are. You are back');
  return { ada, bob, nick };
}

test('after the network was cut one sees what one has missed, and says what one has said', async () => {
  const { ada, nick } = await lostAndFound({ waits: true });
  const lines = await ada.shown();
  const text = lines.map(([, ...more]) => more);
  const names = lines.map(([, who]) => who);
  const at = text.findIndex(([, rest]) => rest === 'Connection lost');
  // What others said meanwhile is first, as it was said; then that it was recovered; then what had to wait.
  assert.deepEqual(text.slice(at).map(([, rest]) => rest), ['Connection lost', 'Bread: me. And figs', 'Then I bring lemonade',
    'Eight o\'clock, as always?', '3 missed messages recovered', 'Are you still there?', 'We are. You are back']);
  assert.equal(nick.heard().split('Are you still there?').length, 2, 'said once');
  assert.equal(await ada.log.locator('.waiting').count(), 0);
  // As the page of the documentation shows it; nobody's name is the same twice.
  const cast = [...new Set(names.filter((name) => name && name !== 'you'))];
  assert.ok(cast.length >= 2, `${cast}`);
  const transcript = lines.map(([, who, rest]) => {
    const name = who && who !== 'you' ? `<${'abcdef'[cast.indexOf(who)]}>` : who;
    return `${name && `${name} `}${rest}\n`;
  }).join('');
  const file = path.join(given.docs, 'recovery.txt');
  if (given.write) fs.writeFileSync(file, transcript);
  assert.equal(fs.readFileSync(file, 'utf8'), transcript);
});

test('after the server was started anew one is in its room again, and told that something is lost', async () => {
  const room = aRoom();
  const ada = await open(link(room), { bad: true });
  await ada.is(`in ${room}`);
  const nick = await talker(room);
  nick.say('say before');
  await ada.sees('before');
  assert.equal((await fetch(`http://127.0.0.1:${given.control}/restart`)).status, 200);
  await ada.sees('What was said meanwhile could not be recovered');
  await ada.is(`in ${room}`);
  const other = await talker(room);
  await until(ada.members, (members) => members.length === 2);
  other.say('say after');
  await ada.sees('after');
  await ada.say('and so do I');
  await other.hear('and so do I');
});

test('where no WebSocket gets through, one chats all the same', async () => {
  const room = aRoom();
  const ada = await open(link(room), { own: { deaf: true } });
  await ada.is(`in ${room}`);
  const nick = await talker(room);
  await ada.sees('came in');
  nick.say('say can you hear me');
  await ada.sees('can you hear me');
  await ada.say('by a stream');
  await nick.hear('by a stream');
  await ada.say('twice');
  await nick.hear('twice');
  await until(() => ada.log.locator('.waiting').count(), (count) => count === 0);
  assert.deepEqual((await ada.shown()).slice(-2).map(([, ...more]) => more), [['you', 'by a stream'], ['you', 'twice']]);
  await ada.enter(aRoom());
});

test('into a private room come those who have its link, and others are told why not', async () => {
  const ada = await open('', { own: { permissions: ['clipboard-read', 'clipboard-write'] } });
  await ada.is('in defaultRoom');
  await ada.page.getByRole('button', { name: 'New private room' }).click();
  await ada.sees('only who has its link comes in');
  await ada.page.getByRole('status').getByText(/^in private room [0-9a-f]{4}$/).waitFor(patience);
  await ada.page.getByRole('button', { name: 'Copy link' }).click();
  await ada.page.getByRole('alert').getByText('Link copied').waitFor(patience);
  const [, hash] = (await ada.page.evaluate(() => navigator.clipboard.readText())).split('#');
  assert.match(hash, /^private\.[0-9a-f]{32}&token=[\w.-]+$/);

  const bob = await open(hash, { own: {} });
  await ada.sees('came in');
  await bob.say('thank you for the link');
  await ada.sees('thank you for the link');

  const eve = await open(hash.replace(/&.*/, ''), { bad: true });
  await eve.sees('You are not in this room: this room asks for a token');
  assert.ok(await eve.input.isDisabled());
  const [title] = await eve.page.getByRole('heading', { level: 2 }).allTextContents();
  await eve.is(`not in ${title}`);
  const sly = await open(hash.replace(/=.{9}/, '=eyJhbGciO').replace(/.{6}$/, 'forged'), { bad: true });
  await sly.sees('You are not in this room: this token is not valid');
  await eve.enter(aRoom());
  await eve.say('so I go elsewhere');
  assert.deepEqual(await ada.members().then((all) => all.length), 2);
  // Somebody gives her the link after all, and she pastes it where she is.
  await eve.page.evaluate((to) => { location.hash = to; }, hash);
  await until(ada.members, (all) => all.length === 3);
  await eve.is(`in ${title}`);
});

test('who is sent out of a room, or away, is told why', async () => {
  const admin = (where, reason) => fetch(`${site}/admin/${where}`, {
    method: 'DELETE', headers: { authorization: `Bearer ${given.key}`, 'content-type': 'application/json' }, body: JSON.stringify({ reason }),
  });
  const room = aRoom();
  const ada = await open(link(room));
  await ada.is(`in ${room}`);
  assert.equal((await admin(`rooms/${room}`, 'good night')).status, 200);
  await ada.sees('You are not in this room: good night');
  await ada.is(`not in ${room}`);
  assert.ok(await ada.input.isDisabled());
  await ada.enter(aRoom());
  const id = await ada.page.getByRole('complementary').getByText('you', { exact: true }).getAttribute('title');
  assert.equal((await admin(`connections/${id}`, 'no shouting')).status, 200);
  await ada.is('disconnected');
  await ada.sees('no shouting. Reload the page to come back.');
  await ada.page.reload();
  await ada.page.getByRole('status').getByText(/^in room-/).waitFor(patience);
});

test('it works behind a proxy under a path of its own, and in the folder of its files', async () => {
  const proxy = await below('/chat', given.http);
  ends.push(proxy.close);
  const room = aRoom();
  const ada = await open(link(room), { at: `http://127.0.0.1:${proxy.port}/chat` });
  await ada.is(`in ${room}`);
  const bob = await open(link(room), { at: `${site}/public` });
  await bob.is(`in ${room}`);
  await ada.say('from below');
  await bob.sees('from below');
  await bob.say('from the folder');
  await ada.sees('from the folder');
});

test('what is too long is not said, and what comes after it is', async () => {
  const room = aRoom();
  const ada = await open(link(room), { bad: true });
  await ada.is(`in ${room}`);
  const bob = await open(link(room));
  await bob.is(`in ${room}`);
  await ada.say('x'.repeat(70_000));
  await ada.sees('(not said: messages have at most 65536 bytes, and this one has 7');
  await ada.say('   '); // nor is nothing
  await ada.say('in short');
  await bob.sees('in short');
  await ada.is(`in ${room}`);
  assert.deepEqual((await bob.shown()).map(([, , text]) => text).filter((text) => !text.trim()), []);
});

test('however many rooms there are, one sees where to name another', async () => {
  const ada = await open();
  await ada.is('in defaultRoom');
  for (let n = 0; n < 16; n++) await ada.enter(aRoom());
  const seen = async (each) => {
    const box = await each.boundingBox();
    return box.y >= 0 && box.y + box.height <= LOOKS.viewport.height;
  };
  const nav = ada.page.getByRole('navigation', { name: 'Rooms' });
  assert.ok(await seen(nav.getByRole('textbox')) && await seen(nav.getByRole('button', { name: 'New private room' })));
  assert.ok(await seen(nav.locator('[aria-current]')));
  assert.ok(!await seen(nav.getByRole('button', { name: 'defaultRoom' })));
});

test('a keyboard is enough', async () => {
  const ada = await open();
  await ada.is('in defaultRoom');
  const nick = await talker();
  const { keyboard } = ada.page;
  const focused = () => ada.page.evaluate(() => {
    const { id, textContent } = document.activeElement;
    return id || textContent;
  });
  assert.equal(await focused(), 'text');
  await keyboard.type('no mouse here');
  await keyboard.press('Enter');
  await nick.hear('no mouse here');
  const way = [];
  for (let step = 0; step < 8; step++) {
    await keyboard.press('Shift+Tab');
    way.unshift(await focused());
    const outline = await ada.page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, 'solid', `one sees that ${way[0]} has the focus`);
  }
  assert.deepEqual(way.slice(1), ['room', 'Enter', 'listen', 'private', 'link', 'leave', 'log']);
  assert.equal(way[0], 'defaultRoom');
  await keyboard.press('Tab');
  const room = aRoom();
  await keyboard.type(room);
  await keyboard.press('Enter');
  await ada.is(`in ${room}`);
  assert.equal(await focused(), 'text');
  // Every control has a name that can be read out.
  for (const role of ['button', 'textbox']) {
    for (const each of await ada.page.getByRole(role).all()) {
      assert.equal(await ada.page.getByRole(role, { name: /\w/ }).and(each).count(), 1, await each.innerHTML());
    }
  }
});

test('one reads further up undisturbed, and sees the end otherwise', async () => {
  const room = aRoom();
  const ada = await open(link(room));
  await ada.is(`in ${room}`);
  const nick = await talker(room);
  for (let n = 1; n <= 40; n++) nick.say(`say line ${n}`);
  await until(() => ada.log.getByText('line 40').count(), Boolean);
  const isSeen = (text) => ada.log.getByRole('listitem').filter({ has: ada.page.locator('.text', { hasText: new RegExp(`${text}$`) }) }).evaluate((item) => {
    const [inner, outer] = [item, item.closest('[role=log]')].map((each) => each.getBoundingClientRect());
    return inner.top >= outer.top && inner.bottom <= outer.bottom + 1;
  });
  await until(() => isSeen('line 40'), Boolean);
  await ada.log.focus();
  await ada.page.keyboard.press('Home');
  await until(() => isSeen('line 1'), Boolean);
  nick.say('say line 41');
  await ada.sees('line 41');
  assert.ok(await isSeen('line 1') && !await isSeen('line 41'));
  const more = ada.page.getByRole('button', { name: '1 new message' });
  await more.waitFor(patience);
  nick.say('say line 42');
  await ada.page.getByRole('button', { name: '2 new messages' }).click();
  await until(() => isSeen('line 42'), Boolean);
  assert.ok(!await more.isVisible());
  await ada.log.focus();
  await ada.page.keyboard.press('Home');
  await until(() => isSeen('line 1'), Boolean);
  await ada.say('what was that');
  await until(() => isSeen('what was that'), Boolean);
});

/** The texts that cannot be told well enough from what is behind them (WCAG 2, level AA). */
function faint() {
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    return numbers(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor;
  };
  return [...document.querySelectorAll('h1, h2, p:not([hidden]), button, input, label, li, b, time, span, mark')].flatMap((element) => {
    const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    return contrast >= 4.5 || element.disabled ? [] : [`${element.outerHTML.slice(0, 80)} ${contrast}`];
  });
}

/** What axe-core finds wrong for people who do not see, or see little, or have no mouse. */
async function flaws(page) {
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`);
}

const COLOURS = ['light', 'dark'];

test('it is legible, and can be shown, in light and dark colours', async () => {
  const room = 'summer party';
  const ada = await open(link(room), { own: {}, name: 'Ada' });
  await ada.is(`in ${room}`);
  const bob = await open(link(room), { own: {}, name: 'Bob' });
  await bob.is(`in ${room}`);
  const nick = await talker();
  nick.say(JSON.stringify({ event: 'roomChange', room }));
  await nick.hear('"status":"OK"');
  const says = async (one, text) => {
    await one.say(text);
    await (one === ada ? bob : ada).sees(text);
  };
  await says(bob, 'I have borrowed a projector for Friday');
  await says(bob, 'The film: https://example.org/films/metropolis');
  await says(ada, 'Lovely. Who brings bread?');
  nick.say(JSON.stringify({ event: 'say', message: 'Bread: me. And figs' }));
  await ada.sees('figs');
  await says(bob, 'אני מביא לימונדה');
  await says(ada, 'Eight o\'clock, as always?');
  await ada.enter('kitchen');
  const other = await talker('kitchen');
  other.say('say Does anybody know where the big bowl is?');
  await ada.sees('bowl');
  await ada.page.getByRole('button', { name: 'summer party' }).click();
  other.say('say Found it.');
  await ada.page.getByRole('button', { name: '1 unread' }).waitFor(patience);
  await says(bob, 'Yes! See you on Friday');
  await bob.input.pressSequentially('And');
  await ada.page.getByText('Bob is typing…').waitFor(patience);
  for (const colorScheme of COLOURS) {
    await ada.page.emulateMedia({ colorScheme });
    assert.deepEqual(await ada.page.evaluate(faint), []);
    assert.deepEqual(await flaws(ada.page), []);
    await ada.page.screenshot({ path: path.join(given.shots, `page-${colorScheme}.png`) });
  }
});

test('an empty room says what to do, and the page says that it recovers', async () => {
  const room = 'book club';
  const wire = await network(given.http);
  ends.push(wire.close);
  const ada = await open(link(room), { own: {}, name: 'Ada', at: `http://127.0.0.1:${wire.port}`, bad: true });
  await ada.is(`in ${room}`);
  const empty = ada.log.getByText('No messages yet.');
  await empty.waitFor(patience);
  for (const colorScheme of COLOURS) {
    await ada.page.emulateMedia({ colorScheme });
    assert.deepEqual(await flaws(ada.page), []);
  }
  await ada.page.emulateMedia({ colorScheme: 'light' });
  await ada.page.screenshot({ path: path.join(given.shots, 'page-empty.png') });
  await ada.say('Which book is next?');
  await empty.waitFor({ ...patience, state: 'hidden' });
  wire.cut();
  await ada.is('connection lost, reconnecting…');
  await ada.say('I would like a short one');
  await ada.sees('a short one');
  for (const colorScheme of COLOURS) {
    await ada.page.emulateMedia({ colorScheme });
    assert.deepEqual(await flaws(ada.page), []);
  }
  await ada.page.emulateMedia({ colorScheme: 'light' });
  await ada.page.screenshot({ path: path.join(given.shots, 'page-recovering.png') });
  wire.mend();
});

test('a visitor is asked for a name once, others see it, and it stays', async () => {
  const room = aRoom();
  const bob = await open(link(room));
  await bob.is(`in ${room}`);
  const ada = await open(link(room), { bad: true, own: {}, name: '' });
  await ada.asks.waitFor(patience);
  assert.deepEqual(await flaws(ada.page), []);
  await ada.asks.getByRole('textbox', { name: 'Your name' }).fill('Ada');
  await ada.page.keyboard.press('Enter');
  await ada.is(`in ${room}`);
  await bob.sees('came in');
  await until(bob.members, (all) => all.includes('Ada'));
  await ada.say('hello');
  await ada.say('hello again');
  await bob.sees('hello again');
  assert.deepEqual((await bob.shown()).slice(-2).map(([, ...more]) => more), [['Ada', 'hello'], ['Ada', 'hello again']]);
  assert.equal(await bob.log.locator('li.more').count(), 1, 'one group');
  await ada.page.getByRole('button', { name: 'Ada', exact: true }).waitFor(patience);

  await ada.enter(aRoom());
  await ada.page.reload();
  await ada.page.getByRole('status').getByText(/^in room-/).waitFor(patience);
  assert.ok(!await ada.asks.isVisible());
  await ada.page.getByRole('button', { name: room, exact: true }).click();
  await ada.sees('hello again'); // the room is there again, with what was said
  await until(ada.members, (all) => all[0] === 'you');
  assert.deepEqual((await ada.shown()).map(([, ...more]) => more).filter(([, text]) => /hello/.test(text)), [['you', 'hello'], ['you', 'hello again']]);
  assert.equal(await bob.log.getByText('left').count(), 0, 'a reload is no leave');

  await ada.page.getByRole('button', { name: 'Ada', exact: true }).click();
  await ada.asks.getByRole('textbox', { name: 'Your name' }).fill('Ada\u202e');
  await ada.page.keyboard.press('Enter');
  await ada.asks.getByText(/direction of text/).waitFor(patience);
});

test('a visitor need not have a name', async () => {
  const room = aRoom();
  const ada = await open(link(room), { own: {}, name: '' });
  await ada.asks.getByRole('button', { name: 'Without a name' }).click();
  await ada.is(`in ${room}`);
  await ada.page.reload();
  await ada.is(`in ${room}`);
  assert.ok(!await ada.asks.isVisible());
});

test('one sees the last messages of a room, that somebody types, and follows links', async () => {
  const room = aRoom();
  const nick = await talker(room);
  for (let n = 1; n <= 60; n++) nick.say(`say line ${n}`);
  nick.say('say <i>see</i> https://example.org/a?b=c&d, or javascript:alert(1).');
  await nick.hear('"messageCount":62');
  const ada = await open(link(room));
  await ada.is(`in ${room}`);
  await ada.sees('line 60');
  assert.equal((await ada.shown()).length, 50);
  assert.equal(await ada.page.title(), `${room} · Earshot`, 'what is old is not unread');
  const links = await ada.log.getByRole('link').evaluateAll((all) => all.map(({ href, rel, textContent }) => [href, rel, textContent]));
  assert.deepEqual(links, [['https://example.org/a?b=c&d', 'noopener noreferrer', 'https://example.org/a?b=c&d']]);

  const bob = await open(link(room));
  await bob.is(`in ${room}`);
  await bob.input.pressSequentially('one');
  await ada.page.getByText(/is typing…$/).waitFor(patience);
  const low = (await bob.input.boundingBox()).height;
  await bob.input.press('Shift+Enter');
  await bob.input.pressSequentially('two');
  assert.ok((await bob.input.boundingBox()).height > low);
  await bob.input.press('Enter');
  await ada.sees('two');
  assert.equal((await ada.shown()).at(-1)[2], 'one\ntwo');
  assert.equal(await ada.page.getByText(/is typing…$/).count(), 0);
  assert.equal((await bob.input.boundingBox()).height, low);
});

test('back and forward change rooms, the title counts what is unread, and being offline is seen at once', async () => {
  const [attic, cellar] = [aRoom(), aRoom()];
  const ada = await open(link(attic), { own: {}, bad: true });
  await ada.is(`in ${attic}`);
  await ada.enter(cellar);
  const nick = await talker(attic);
  nick.say('say one');
  await until(() => ada.page.title(), (title) => title === `(1) ${cellar} · Earshot`);
  await ada.page.goBack();
  await ada.is(`in ${attic}`);
  assert.equal(await ada.page.title(), `${attic} · Earshot`);
  await ada.page.goForward();
  await ada.is(`in ${cellar}`);
  await ada.page.context().setOffline(true);
  await ada.is('you are offline');
  await ada.page.context().setOffline(false);
  await ada.is(`in ${cellar}`);
});

test('it fits on a phone', async () => {
  const { ada, nick } = await lostAndFound({ own: { viewport: { width: 375, height: 667 }, isMobile: true, hasTouch: true } });
  const { page } = ada;
  nick.say(JSON.stringify({ event: 'say', message: 'See you on Friday!' }));
  await ada.sees('See you on Friday!');
  await page.screenshot({ path: path.join(given.shots, 'page-phone.png') });
  const fits = async () => {
    assert.deepEqual(await page.evaluate(() => {
      const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
      return [scrollWidth - clientWidth, scrollHeight - clientHeight];
    }), [0, 0]);
    const box = await ada.input.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 375 && box.y + box.height <= 667, JSON.stringify(box));
    assert.ok((await ada.log.boundingBox()).height > 200);
  };
  await fits();
  nick.say(JSON.stringify({ event: 'say', message: `${'x'.repeat(300)} ${'a long story '.repeat(40)}` }));
  await ada.sees('a long story');
  await fits();
  assert.ok(!await page.getByRole('textbox', { name: 'Another room' }).isVisible());
  const menu = page.getByRole('button', { name: 'Rooms and people' });
  await menu.tap();
  await page.getByRole('heading', { name: /^Here/ }).waitFor(patience);
  await page.getByRole('button', { name: 'Copy link' }).waitFor(patience);
  assert.deepEqual(await flaws(page), []);
  await menu.tap();
  await ada.enter(`a room with a long name, as people give them when nobody stops them ${'m'.repeat(180)}`);
  await page.getByRole('textbox', { name: 'Another room' }).waitFor({ state: 'hidden' });
  await fits();
  await page.setViewportSize({ width: 375, height: 330 }); // the keyboard is open
  const box = await ada.input.boundingBox();
  assert.ok(box.y + box.height <= 330, JSON.stringify(box));
});
