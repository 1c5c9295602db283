/** Server-sent events out of chunks of text, as the HTML standard defines them. */

export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

export class EventParser {
  private rest = "";

  /** Takes the next chunk and returns the events that are complete. */
  push(chunk: string): ServerEvent[] {
    const blocks = (this.rest + chunk).replaceAll("\r\n", "\n").split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.map(parse).filter((event) => event.data !== "");
  }
}

function parse(block: string): ServerEvent {
  const found = { id: "", event: "message", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const field = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") found.data += found.data ? `\n${value}` : value;
    else if (field === "id" || field === "event") found[field] = value;
  }
  return found;
}
