// Publishes a made-up camera and microphone to a channel over WHIP (RFC 9725), as a page of a broadcaster does: H.264 and Opus.
//
//   node e2e/publish.mjs URL [KEY]
//
// It says {"event":"connected"} when media flows, answers a line "state" on stdin with what the browser has sent so far, "frames" with what
// its encoders made for that, and ends with stdin, or on "quit", having ended its session.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { openBrowser } from './browser.mjs';
import { recorder } from './recorder.mjs';

const [endpoint, key = ''] = process.argv.slice(2);
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

// A page needs an origin that the browser trusts with a camera: this machine. It is another one than the server's.
const blank = createServer((request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>camera</title>'));
await new Promise((listening) => blank.listen(0, '127.0.0.1', listening));
const origin = `http://127.0.0.1:${blank.address().port}`;

let browser = null;
async function end(code) {
  setTimeout(() => process.exit(code || 1), 8000).unref();
  await browser?.close();
  blank.close();
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(1));
process.stdout.on('error', () => end(1));

/** Runs in the page. @param {{endpoint: string, key: string, recorder: string}} options */
async function publish({ endpoint, key, recorder }) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360, frameRate: 30 } });
  const peer = new RTCPeerConnection();
  window.recorder = new Worker(URL.createObjectURL(new Blob([`(${recorder})()`], { type: 'text/javascript' })));
  for (const track of stream.getTracks()) {
    const { sender } = peer.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
    sender.transform = new RTCRtpScriptTransform(window.recorder, { kind: track.kind });
  }
  await peer.setLocalDescription(await peer.createOffer());
  await new Promise((done) => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done();
    setTimeout(done, 2000);
  });
  const headers = { 'Content-Type': 'application/sdp', ...(key && { Authorization: `Bearer ${key}` }) };
  const answer = await fetch(endpoint, { method: 'POST', headers, body: peer.localDescription.sdp });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`${answer.status}: ${text}`);
  window.session = new URL(answer.headers.get('Location'), endpoint).href;
  window.peer = peer;
  await peer.setRemoteDescription({ type: 'answer', sdp: text });
  await new Promise((done, fail) => {
    const look = () => {
      if (peer.connectionState === 'connected') done();
      if (peer.connectionState === 'failed') fail(new Error('no connection'));
    };
    peer.onconnectionstatechange = look;
    look();
    setTimeout(() => fail(new Error(`still ${peer.connectionState} after 60 s`)), 60_000);
  });
}

/** Runs in the page: what has been sent. */
async function state() {
  const sent = {};
  for (const each of (await window.peer.getStats()).values()) {
    if (each.type !== 'outbound-rtp') continue;
    sent[each.kind] = {
      packets: each.packetsSent, bytes: each.bytesSent, frames: each.framesEncoded, keyFrames: each.keyFramesEncoded, resent: each.retransmittedPacketsSent,
      asked: each.pliCount, width: each.frameWidth, encoder: each.encoderImplementation, bitrate: each.targetBitrate,
    };
  }
  return { connection: window.peer.connectionState, ...sent };
}

/** Runs in the page: the SHA-256 of each encoded frame, and its RTP timestamp. */
function frames() {
  return new Promise((done) => {
    window.recorder.onmessage = ({ data }) => done(data);
    window.recorder.postMessage(null);
  });
}

try {
  browser = await openBrowser({
    width: 640, height: 480, origin, autoplay: true, more: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  });
  const { page } = browser;
  await page.goto(origin);
  await page.evaluate(publish, { endpoint, key, recorder: recorder.toString() });
  say({ event: 'connected' });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'quit') break;
    say(await page.evaluate(line === 'frames' ? frames : state));
  }
  await page.evaluate(() => fetch(window.session, { method: 'DELETE' }).then(() => {}));
  await end(0);
} catch (error) {
  say({ event: 'failed', problem: String(error.message).split('\n')[0] });
  await end(1);
}
