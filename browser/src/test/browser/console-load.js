'use strict';
// Measures what an open console costs: node console-load.js EARSHOT CONNECTIONS ROOMS
const fs = require('node:fs');
const net = require('node:net');
const { once } = require('node:events');
const { spawn } = require('node:child_process');
const { launch } = require('./tools.js');

const [command, connections, rooms] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const KEY = 'what-only-the-operators-of-this-test-know';
const SECONDS = 30;
const sleep = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });
const TCP = 25991, HTTP = 25992;

/** The seconds of a core that a process has taken. */
function cpu(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function share(pid) {
  const [before, since] = [cpu(pid), performance.now()];
  await sleep(SECONDS);
  return 100 * (cpu(pid) - before) / ((performance.now() - since) / 1000);
}

(async () => {
  const settings = { 'tcpServer.port': TCP, 'httpServer.port': HTTP, 'admin.keys': `ops ${KEY}`, 'rooms.announcements': false,
    'limits.connectionsPerAddress': 0 };
  const server = spawn(command, Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]),
    { stdio: ['ignore', 'inherit', 'inherit'] });
  const sockets = [];
  try {
    for (let i = 0; ; i++) {
      if (i > 300) throw new Error('the server did not start');
      const answer = await fetch(`http://127.0.0.1:${HTTP}/admin/key`, { headers: { Authorization: `Bearer ${KEY}` } }).catch(() => null);
      if (answer?.ok) break;
      await sleep(1);
    }
    for (let i = 0; i < connections; i++) {
      const socket = net.connect(TCP, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', (error) => { throw error; });
      await once(socket, 'connect');
      socket.write(`roomChange room-${i % rooms}\n`);
      socket.resume();
    }
    let said = 0;
    const talk = setInterval(() => {
      for (let i = 0; i < 10; i++) sockets[said++ % connections].write('say hello to all who are here\n');
    }, 100);
    await sleep(20); // the JVM compiles what it runs
    const alone = await share(server.pid);
    const browser = await launch(process.env.BROWSER ?? 'chromium');
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://127.0.0.1:${HTTP}/console`);
    await page.getByLabel('Key').fill(KEY);
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('live', { exact: true }).waitFor();
    await sleep(60); // the JVM compiles this, too
    const figures = {};
    for (const name of ['Overview', 'Rooms']) {
      await page.getByRole('link', { name, exact: true }).click();
      await sleep(20);
      figures[name] = await share(server.pid);
    }
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const { metrics } = await session.send('Performance.getMetrics');
    const heap = metrics.find(({ name }) => name === 'JSHeapUsedSize').value / 1e6;
    const renderers = fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).flatMap((pid) => {
      try {
        const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        const isOurs = line.includes('--type=renderer') && fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
        if (!isOurs) return [];
        const of = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
        return [Number(/Private_Dirty: +(\d+)/.exec(of)[1]) / 1000];
      } catch { return []; }
    });
    clearInterval(talk);
    await browser.close();
    console.log(`${connections} connections in ${rooms} rooms, 100 messages a second`);
    console.log(`the server takes ${alone.toFixed(1)} % of a core without a console, ${figures.Overview.toFixed(1)} % with an open overview, ${figures.Rooms.toFixed(1)} % with an open list of rooms`);
    console.log(`the page takes ${heap.toFixed(0)} MB of JavaScript heap; renderers of this machine: ${renderers.map((each) => each.toFixed(0)).join(', ')} MB of private memory`);
  } finally {
    sockets.forEach((socket) => socket.destroy());
    server.kill();
  }
})().catch((error) => { console.error(error); process.exitCode = 1; });
