// An inference and its receipt through @polkadot/api.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { merkleizeMetadata } from '@polkadot-api/merkleize-metadata';
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { hexToU8a, u8aToHex } from '@polkadot/util';
import { blake2AsHex } from '@polkadot/util-crypto';

import {
  argmax, label, localOutputs, pixels, polkadotJsUser, release, releaseName, url,
} from './common.js';

let api;
let pair;
let provider;

before(async () => {
  provider = new WsProvider(url);
  api = await ApiPromise.create({ provider, noInitWarn: true });
  pair = new Keyring({ type: 'sr25519' }).addFromUri(polkadotJsUser);
});

after(async () => {
  await api?.disconnect();
});

/** The hash of the chain's metadata, as a wallet works it out from what the chain says of itself. */
async function metadataHash() {
  const metadata = await api.call.metadata.metadataAtVersion(15);
  const decimals = api.registry.chainDecimals[0];
  const tokenSymbol = api.registry.chainTokens[0];
  return u8aToHex(merkleizeMetadata(metadata.unwrap().toHex(), { decimals, tokenSymbol }).digest());
}

/** A wallet that signs the hash of the metadata by which it showed the call to its user. */
function wallet(hash) {
  return {
    signPayload: async (payload) => {
      const signed = { ...payload, mode: 1, metadataHash: hash };
      const { version } = payload;
      const { signature } = api.registry
        .createType('ExtrinsicPayload', signed, { version })
        .sign(pair);
      const extrinsic = api.registry.createType('Extrinsic', { method: payload.method }, { version });
      extrinsic.addSignature(pair.address, signature, signed);
      return { id: 1, signature, signedTransaction: extrinsic.toHex() };
    },
  };
}

function infer() {
  return api.tx.inference.infer(release, [
    { name: 'image', tensor: { dtype: 'F32', shape: [1, 1, 8, 8], data: u8aToHex(pixels()) } },
  ]);
}

/** Signs, sends, and waits until the call is in a block. */
function send(call, hash) {
  const options = { signer: wallet(hash), withSignedTransaction: true };
  return new Promise((resolve, reject) => {
    call
      .signAndSend(pair.address, options, (result) => {
        if (result.isError) reject(new Error(`not included: ${result.status.type}`));
        else if (result.internalError) reject(result.internalError);
        else if (result.status.isInBlock) resolve(result);
      })
      .catch(reject);
  });
}

test('a signed infer with metadata hash leaves a receipt with the bytes of a local run', async () => {
  const result = await send(infer(), await metadataHash());
  assert.equal(result.dispatchError, undefined, String(result.dispatchError));
  const record = result.events.find(({ event }) => api.events.inference.Inferred.is(event));
  assert.ok(record, 'no Inferred event');
  const event = record.event.data;
  assert.equal(event.caller.toString(), pair.address);

  const at = await api.at(result.status.asInBlock);
  const receipt = (await at.query.inference.receipts(event.receipt)).unwrap();
  assert.equal(receipt.caller.toString(), pair.address);
  assert.equal(receipt.release.owner.toString(), release.owner);
  assert.equal(receipt.release.name.toUtf8(), release.name);
  assert.equal(receipt.release.version.toUtf8(), release.version);
  assert.equal(receipt.model.toHex(), event.model.toHex());
  assert.equal(receipt.inputHash.toHex(), event.inputHash.toHex());
  assert.equal(receipt.outputHash.toHex(), event.outputHash.toHex());
  assert.equal(receipt.outputHash.toHex(), blake2AsHex(receipt.outputs.toU8a(), 256));

  const outputs = receipt.outputs.map(({ name, tensor }) => ({
    name: name.toUtf8(),
    dtype: tensor.dtype.type.toLowerCase(),
    shape: tensor.shape.map((dim) => dim.toNumber()),
    data: tensor.data.toHex(),
  }));
  assert.deepEqual(outputs, localOutputs());
  assert.equal(argmax(outputs[0].data), label);

  const overRpc = await provider.send('inference_receipt', [event.receipt.toNumber()]);
  assert.deepEqual(overRpc.outputs, outputs);
  assert.equal(overRpc.outputHash, receipt.outputHash.toHex());
  assert.equal(overRpc.release, releaseName);
});

test('a signature over the hash of other metadata is refused', async () => {
  const other = hexToU8a(await metadataHash());
  other[0] ^= 1;
  await assert.rejects(send(infer(), u8aToHex(other)), /bad signature/);
});
