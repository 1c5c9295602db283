/** Over the top of the body: what has stopped, since when. */
export function Banner({ text }: { text: string }) {
  return (
    <div class="banner" role="status">
      {text}
    </div>
  );
}
