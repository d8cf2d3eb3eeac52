/** The page's one audio output. Browsers keep it locked until the person has touched the page. */

/** @type {AudioContext | undefined} */
let context;

/** The audio context, made on first use. */
export function audio() {
  context ??= new AudioContext({ latencyHint: "interactive" });
  return context;
}

/** Whether sound would be heard now. */
export function soundUnlocked() {
  return context?.state === "running";
}

/**
 * Tries to unlock; works only while handling a touch or key.
 *
 * @returns {Promise<boolean>}
 */
export async function unlockSound() {
  try {
    await audio().resume();
  } catch {
    return false; // no audio device
  }
  return soundUnlocked();
}

/**
 * One tone with soft edges, so that it does not click.
 *
 * @param {{ frequency: number, at: number, length: number, volume?: number, shape?: OscillatorType }} tone `at` in the context's time
 */
export function tone({ frequency, at, length, volume = 0.5, shape = "sine" }) {
  const output = audio();
  const oscillator = output.createOscillator();
  const gain = output.createGain();
  oscillator.type = shape;
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(volume, at + 0.005);
  gain.gain.setValueAtTime(volume, at + Math.max(0.006, length - 0.02));
  gain.gain.linearRampToValueAtTime(0, at + length);
  oscillator.connect(gain).connect(output.destination);
  oscillator.start(at);
  oscillator.stop(at + length + 0.01);
  return oscillator;
}

/** A short two-note call for attention. */
export function chime() {
  if (!soundUnlocked()) return;
  const now = audio().currentTime + 0.02;
  tone({ frequency: 660, at: now, length: 0.14 });
  tone({ frequency: 880, at: now + 0.16, length: 0.22 });
}
