// What the tests share: where the chain and the command-line tool are, and what to ask.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

function required(name, meaning) {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name} to ${meaning}`);
  return value;
}

/** The WebSocket endpoint of a development chain. */
export const url = required('NOEMA_URL', 'the endpoint of a development chain: ws://127.0.0.1:9944');

const noema = process.env.NOEMA_BIN ?? path('../target/release/noema');

/** The engine as a WebAssembly module for browsers. */
export const engineModule = process.env.NOEMA_ENGINE_MODULE
  ?? path('../target/wasm32-unknown-unknown/release/noema_engine_web.wasm');

export const modelFile = path('../examples/digits/digits.onnx');

/** One held-out digit as nested lists, and what is drawn in it. */
export const digitFile = path('digit.json');
export const label = 8;

/** The endowed accounts of the development chain; each test signs with its own. */
export const owner = { uri: '//Alice', address: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY' };
export const polkadotJsUser = '//Bob';
export const papiUser = '//Charlie';
export const webUser = '//Dave';

/** The release that `register.js` makes and the tests call. */
export const release = { owner: owner.address, name: 'digits-wallet-test', version: '1.0.0' };
export const releaseName = `${release.owner}/${release.name}@${release.version}`;

/** Runs the command-line tool and returns the object on the last line that it prints. */
export function cli(...args) {
  const out = execFileSync(noema, [...args, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(out.trim().split('\n').at(-1));
}

/** What the engine answers on this machine, without a chain. */
export function localOutputs() {
  return cli('model', 'run', modelFile, '--input', `image=${digitFile}`).outputs;
}

/** The digit as the chain takes it: row-major, little endian. */
export function pixels() {
  const values = JSON.parse(readFileSync(digitFile, 'utf8')).flat(Infinity);
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(i * 4, value, true));
  return bytes;
}

/** The index of the greatest of the f32 values in `hex`. */
export function argmax(hex) {
  const bytes = Buffer.from(hex.slice(2), 'hex');
  let best = 0;
  for (let i = 1; i < bytes.length / 4; i++) {
    if (bytes.readFloatLE(i * 4) > bytes.readFloatLE(best * 4)) best = i;
  }
  return best;
}
