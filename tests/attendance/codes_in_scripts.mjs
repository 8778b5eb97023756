/** What the scripts make of codes, tickets and counts: `node codes_in_scripts.mjs JSON` prints it as JSON. */

import { lineBand } from "../../static/js/marks/band.js";
import { readShortCode, readToken } from "../../static/js/marks/ticket.js";

const { typed, seen, counts } = JSON.parse(process.argv[2]);
console.log(JSON.stringify({ typed: typed.map(readShortCode), seen: seen.map(readToken), bands: counts.map(([lit, total]) => lineBand(lit, total)) }));
