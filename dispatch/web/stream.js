/**
 * The live connection of one page: hello, numbered messages in order, cumulative acknowledgement, resume after a break.
 *
 * The page gives handlers; it never sees a message twice within one epoch, and is told to read its state afresh
 * whenever the service cannot prove that nothing was missed.
 */

import { learnServerTime } from "./clock.js";
import { meaningOf } from "./closecodes.js";

/** @typedef {import("./contract/stream.d.ts").ServerMessage} ServerMessage */
/** @typedef {import("./contract/stream.d.ts").ClientMessage} ClientMessage */
/** @typedef {"connecting" | "live" | "stale" | "waiting" | "refused" | "closed"} StreamState */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const PATIENCE_FOR_WELCOME_MS = 10_000;
/** Pings per heartbeat: two, so that one lost ping does not yet look like silence. */
const PINGS_PER_HEARTBEAT = 2;

export class Stream {
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {StreamState} */
  #state = "closed";
  #failures = 0;
  #heartbeat_ms = 25_000;
  #heard_ms = 0;
  #pinged_ms = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #watch;
  /** @type {{ epoch: string, seq: number | null } | null} */
  #mark;
  #key;

  /**
   * @param {object} options
   * @param {string} options.token
   * @param {(message: ServerMessage) => void} options.onMessage
   * @param {(state: StreamState, code?: number) => void} options.onState
   * @param {() => void} options.onAfresh the page must read its state again: messages may be missing
   * @param {(degraded: boolean) => void} [options.onDegraded] told with each new session: whether the service is without its database
   */
  constructor({ token, onMessage, onState, onAfresh, onDegraded = () => undefined }) {
    this.token = token;
    this.onMessage = onMessage;
    this.onState = onState;
    this.onAfresh = onAfresh;
    this.onDegraded = onDegraded;
    this.#key = `stream:${token.slice(-24)}`;
    this.#mark = this.#remembered();
  }

  get state() {
    return this.#state;
  }

  open() {
    window.addEventListener("online", this.#comeBack);
    window.addEventListener("offline", this.#looksStale);
    document.addEventListener("visibilitychange", this.#onVisible);
    this.#connect();
  }

  close() {
    window.removeEventListener("online", this.#comeBack);
    window.removeEventListener("offline", this.#looksStale);
    document.removeEventListener("visibilitychange", this.#onVisible);
    this.#drop();
    this.#become("closed");
  }

  /**
   * Sends now if connected; says whether it went out.
   *
   * @param {ClientMessage} message
   */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN || (this.#state !== "live" && this.#state !== "stale")) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #connect() {
    this.#drop();
    this.#become(this.#failures === 0 ? "connecting" : "waiting");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/v1/stream`);
    this.#socket = socket;
    const giveUp = setTimeout(() => socket.close(), PATIENCE_FOR_WELCOME_MS);
    socket.addEventListener("open", () => {
      const mark = this.#mark;
      const resume = mark && mark.seq !== null ? { epoch: mark.epoch, seq: mark.seq } : undefined;
      socket.send(JSON.stringify({ type: "hello", token: this.token, ...(resume ? { resume } : {}) }));
    });
    socket.addEventListener("message", (event) => {
      if (socket !== this.#socket) return;
      clearTimeout(giveUp);
      this.#hear(String(event.data));
    });
    socket.addEventListener("close", (event) => {
      clearTimeout(giveUp);
      if (socket === this.#socket) this.#onClose(event.code);
    });
  }

  /** @param {string} text */
  #hear(text) {
    this.#heard_ms = Date.now();
    const message = /** @type {import("./contract/stream.d.ts").ServerFrame} */ (JSON.parse(text));
    if (message.type === "welcome") return this.#welcome(message);
    if (this.#state === "stale") this.#become("live");
    if (message.type === "pong") {
      if (message.at) learnServerTime(message.at, this.#pinged_ms, this.#heard_ms);
      return;
    }
    if (message.type === "beat") return;
    // Pictures and the like; and, while the database is away, everything: pages apply those by what they are about.
    if (!("seq" in message) || typeof message.seq !== "number") return this.onMessage(message);
    const last = this.#mark?.seq ?? null;
    if (last !== null && message.seq <= last) return this.#acknowledge(last);
    const missed = last !== null && message.seq > last + 1;
    this.onMessage(message);
    this.#remember({ epoch: this.#mark?.epoch ?? "", seq: message.seq });
    this.#acknowledge(message.seq);
    if (missed) this.onAfresh();
  }

  /** @param {import("./contract/stream.d.ts").WelcomeMessage} welcome */
  #welcome(welcome) {
    this.#failures = 0;
    this.#heartbeat_ms = welcome.heartbeat_s * 1000;
    // A session without the database has no mailbox: the place in the real one is kept for when it is back.
    if (!welcome.resumed && !welcome.degraded) this.#remember({ epoch: welcome.epoch, seq: null });
    this.#become("live");
    this.#watch = setInterval(() => this.#beat(), this.#heartbeat_ms / PINGS_PER_HEARTBEAT);
    this.#ping();
    this.onDegraded(welcome.degraded ?? false);
    if (!welcome.resumed) this.onAfresh();
  }

  /** @param {number} seq */
  #acknowledge(seq) {
    this.send({ type: "ack", seq });
  }

  #ping() {
    this.#pinged_ms = Date.now();
    this.send({ type: "ping" });
  }

  #beat() {
    const silent_ms = Date.now() - this.#heard_ms;
    if (silent_ms > this.#heartbeat_ms * 2) return this.#onClose(1006);
    if (silent_ms > this.#heartbeat_ms) this.#become("stale");
    this.#ping();
  }

  /** @param {number} code */
  #onClose(code) {
    this.#drop();
    const meaning = meaningOf(code);
    if (!meaning.comeBack) return this.#become("refused", code);
    const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    // Half fixed, half chance: a restarted service is not met by every page in the same instant.
    const wait_ms = ceiling / 2 + Math.random() * (ceiling / 2);
    this.#become("waiting", code);
    this.#retry = setTimeout(() => this.#connect(), wait_ms);
  }

  #drop() {
    clearTimeout(this.#retry);
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close(1000);
  }

  #comeBack = () => {
    if (this.#state === "refused") return;
    // A page that slept may still look live: how long nothing was heard decides.
    if (this.#state === "live" || this.#state === "stale") return this.#beat();
    this.#failures = 0;
    this.#connect();
  };

  #looksStale = () => {
    if (this.#state === "live") this.#become("stale");
  };

  #onVisible = () => {
    if (document.visibilityState === "visible") this.#comeBack();
  };

  /**
   * @param {StreamState} state
   * @param {number} [code]
   */
  #become(state, code) {
    if (state === this.#state) return;
    this.#state = state;
    this.onState(state, code);
  }

  #remembered() {
    try {
      const mark = JSON.parse(sessionStorage.getItem(this.#key) ?? "null");
      return mark && typeof mark.epoch === "string" ? mark : null;
    } catch {
      return null; // storage refused or spoiled: every unacknowledged message comes again, which is harmless
    }
  }

  /** @param {{ epoch: string, seq: number | null }} mark */
  #remember(mark) {
    this.#mark = mark;
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(mark));
    } catch {
      // Private mode without storage: resume works until the page is left.
    }
  }
}
