/** Questions to the API, for what the live stream does not carry. */

export type Ask = <T>(path: string, parameters?: Readonly<Record<string, string>>) => Promise<T>;

export function asker(token: string): Ask {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  return async <T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> => {
    const query = new URLSearchParams(parameters).toString();
    const response = await fetch(query ? `${path}?${query}` : path, { headers, cache: "no-store" });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return (await response.json()) as T;
  };
}
