/** The server's answers; errors carry the sentence that the server says. */
async function json(response) {
  let values = {};
  try {
    values = await response.json();
  } catch {
    values = { error: `the server answers ${response.status} ${response.statusText}; try again in a few seconds` };
  }
  if (!response.ok) throw new Error(values.error);
  return values;
}

export const about = async () => json(await fetch("api/about"));

/** What the model with this number (from 1) says of a recording (a Blob); `picture` asks for what can be drawn. */
export async function predict(recording, model, unknown, picture) {
  const asked = new URLSearchParams({ model, unknown, picture: picture ? 1 : 0 });
  return json(await fetch(`api/predict?${asked}`, { method: "POST", body: recording }));
}

export async function preset(number) {
  const response = await fetch(`api/presets/${number}`);
  if (!response.ok) await json(response);
  return response.blob();
}
