/** An optional sound for a new red alert; off unless the address says chime=on. */

const NOTES_HZ = [880, 660] as const;
const SECONDS = 0.35;

export class Chime {
  private context: AudioContext | null = null;
  private known = new Set<string>();
  private began = false;

  /** Sounds when an id is new; what was there at the start is no news. */
  hear(ids: readonly string[]): void {
    const fresh = ids.some((id) => !this.known.has(id));
    this.known = new Set(ids);
    if (fresh && this.began) this.sound();
    this.began = true;
  }

  private sound(): void {
    const context = (this.context ??= new AudioContext());
    NOTES_HZ.forEach((frequency, index) => {
      const tone = context.createOscillator();
      const volume = context.createGain();
      const start = context.currentTime + index * SECONDS;
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.2, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + SECONDS);
      tone.connect(volume).connect(context.destination);
      tone.start(start);
      tone.stop(start + SECONDS);
    });
  }
}
