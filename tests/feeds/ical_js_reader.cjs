// What ical.js sees in the calendars on standard input (a JSON list of texts): for each a list of entries, as JSON.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const ICAL = require(path.join(__dirname, "../vendor/ical.js-2.2.1/ical.es5.min.cjs"));

function entriesOf(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  return calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component, { strictExceptions: true });
    return {
      uid: event.uid,
      starts_at: event.startDate.toJSDate().toISOString(),
      ends_at: event.endDate.toJSDate().toISOString(),
      summary: event.summary,
      location: event.location,
      description: event.description,
      status: component.getFirstPropertyValue("status"),
      sequence: event.sequence,
    };
  });
}

const texts = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map(entriesOf)));
