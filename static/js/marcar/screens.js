/** Every screen of the app, home first. Each has a `<template data-screen>` of its name in templates/marcar. */

import { practisable } from "./practice.js";
import { close } from "./screens/close.js";
import { count } from "./screens/count.js";
import { enrol } from "./screens/enrol.js";
import { heads } from "./screens/heads.js";
import { home } from "./screens/home.js";
import { left } from "./screens/left.js";
import { practice } from "./screens/practice.js";
import { rows } from "./screens/rows.js";
import { scan } from "./screens/scan.js";
import { slip } from "./screens/slip.js";

/** @type {import("./router.js").Screen[]} */
export const screens = [home, ...[scan, rows, heads, slip, left, close].map(practisable), count, practice, enrol];
