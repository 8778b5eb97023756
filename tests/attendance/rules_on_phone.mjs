/** Runs the table of cases through the phone's rules and prints what they say: `node rules_on_phone.mjs RULES CASES`. */

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [rulesFile, casesFile] = process.argv.slice(2);
const { flagOf, headsOf, leftUnseen, stayOf } = await import(pathToFileURL(rulesFile).href);
const { stays, flags, counts } = JSON.parse(readFileSync(casesFile, "utf8"));

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 6, 14);
const YEAR = 525_600;

const moment = (minutes) => (minutes === undefined ? undefined : START + minutes * MINUTE);
const minutes = (at) => (at === null ? null : (at - START) / MINUTE);
const mark = ({ stated, at, ...event }) => ({ ...event, at: moment(at), stated_at: moment(stated) });
const orders = (events) => [events, [...events].reverse(), [...events, ...events]];

function stay(marks) {
  const { present, arrived, left, seen, to_review } = stayOf(marks);
  const early = leftUnseen({ left, seen }) ? { left_unseen: true } : {};
  return { present, to_review, ...early, arrived: minutes(arrived), left: minutes(left) };
}

function flag({ person, session: { state = "planned", closed = false } = {}, at, offset = 0, now = YEAR, stated }) {
  const session = { starts: START, ends: moment(240), state, closed };
  return flagOf(person, session, moment(at), offset * 1000, moment(now), moment(stated));
}

function count(marks) {
  const undos = marks.filter(({ kind }) => kind === "undo");
  const names = [...new Set(marks.map(({ who }) => who).filter(Boolean))];
  const here = names.filter((name) => stayOf([...marks.filter(({ who }) => who === name), ...undos]).present);
  const n_cards = here.filter((name) => name.startsWith("card:")).length;
  return { present: here.length - n_cards, unnamed: n_cards, companions: headsOf(marks) };
}

const said = {
  stays: stays.flatMap(({ name, events }) => orders(events.map(mark)).map((order) => [name, stay(order)])),
  flags: flags.filter(({ only }) => only !== "server").map((one) => [one.name, flag(one)]),
  counts: counts.flatMap(({ name, events }) => [events, [...events].reverse()].map((order) => [name, count(order.map(mark))])),
};
console.log(JSON.stringify(said));
