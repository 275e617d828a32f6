'use strict';
// A page in a real browser, an nc and a curl with a cookie jar meet in one room.
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const { launch, nc, patience } = require('./tools.js');

const [tcpPort, httpPort, executablePath, jar] = process.argv.slice(2);

function curl(query) {
  const answer = execFileSync('curl', ['-s', '-b', jar, '-c', jar, `http://127.0.0.1:${httpPort}/chat/?${query}`]);
  return JSON.parse(answer);
}

async function main() {
  const browser = await launch(executablePath);
  const talker = nc(tcpPort);
  try {
    await talker.hear('"context":"api"');
    const page = await browser.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(`http://127.0.0.1:${httpPort}/`);
    await page.getByRole('button', { name: 'Without a name' }).click(patience);
    await page.getByText('in defaultRoom').waitFor(patience);
    await talker.hear('I have entered the room');

    assert.equal(curl('method=say&message=curl+is+here').error, undefined);
    await page.getByText('curl is here').waitFor(patience);
    await talker.hear('curl is here');

    talker.say('say <b>nc</b> is here');
    await page.getByText('<b>nc</b> is here').waitFor(patience);

    await page.getByPlaceholder('Say something').fill('so is the page');
    await page.keyboard.press('Enter');
    await talker.hear('"message":"so is the page"');

    // curl hears what it missed, in order, one message a call.
    const heard = [];
    for (let next = curl('method=messages').message; next; next = curl('method=messages').message) heard.push(next.message);
    assert.deepEqual(heard, ['<b>nc</b> is here', 'so is the page']);

    assert.equal(curl('method=roomChange&room=attic').room, 'attic');
    await page.getByText('left', { exact: false }).first().waitFor(patience);
    await page.getByPlaceholder('Name a room').fill('attic');
    await page.keyboard.press('Enter');
    await page.getByText('in attic').waitFor(patience);
    curl('method=say&message=up+here');
    await page.getByText('up here').waitFor(patience);
    assert.equal(curl('method=roomView').roomStatus.membersCount, 2);
    assert.deepEqual(complaints, []);
  } finally {
    talker.end();
    await browser.close();
  }
}

main().then(() => { console.log('all three heard each other'); process.exit(0); },
  (error) => { console.error(error); process.exit(1); });
