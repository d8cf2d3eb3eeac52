/** Every word that the pages say, as [中文, English], gathered from the page's own files. */

import { aedWords } from "./words/aeds.js";
import { callerWords } from "./words/caller.js";
import { consoleWords } from "./words/console.js";
import { everywhere } from "./words/everywhere.js";
import { refusalWords } from "./words/refusals.js";
import { responderWords } from "./words/responder.js";
import { stateWords } from "./words/states.js";

export const words = { ...everywhere, ...stateWords, ...refusalWords, ...aedWords, ...callerWords, ...responderWords, ...consoleWords };
