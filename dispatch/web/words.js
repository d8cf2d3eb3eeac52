/** Every word that the pages say, as [中文, English], gathered from the page's own files. */

import { aedWords } from "./words/aeds.js";
import { callerWords } from "./words/caller.js";
import { consoleWords } from "./words/console.js";
import { custodianWords } from "./words/custodian.js";
import { everywhere } from "./words/everywhere.js";
import { importWords } from "./words/import.js";
import { mapWords } from "./words/map.js";
import { officeWords } from "./words/office.js";
import { refusalWords } from "./words/refusals.js";
import { registryWords } from "./words/registry.js";
import { responderWords } from "./words/responder.js";
import { stateWords } from "./words/states.js";

export const words = {
  ...everywhere, ...stateWords, ...refusalWords, ...aedWords, ...registryWords, ...mapWords, ...callerWords, ...responderWords,
  ...custodianWords, ...officeWords, ...importWords, ...consoleWords,
};
