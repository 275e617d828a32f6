package io.earshot.client;

/**
 * Converts between the program's own types and JSON, with the JSON library that the program uses.
 * With Jackson 3:
 *
 * <pre>{@code
 * record Jackson(ObjectMapper json) implements Mapper {
 *   public String toJson(Object value) {
 *     return json.writeValueAsString(value);
 *   }
 *
 *   public <T> T fromJson(String text, Class<T> type) {
 *     return json.readValue(text, type);
 *   }
 * }
 * }</pre>
 *
 * <p>The client calls it on the threads of the program that send and read messages; it has to be
 * thread-safe. What it throws becomes an {@link EarshotException}.
 */
public interface Mapper {

  /**
   * Writes a value as JSON.
   *
   * @param value a record or another object, which is not itself a value of JSON
   * @return the JSON text
   * @throws Exception if the value has no JSON
   */
  String toJson(Object value) throws Exception;

  /**
   * Reads a value from JSON.
   *
   * @param json the JSON text
   * @param type the type of the value
   * @param <T> the type of the value
   * @return the value
   * @throws Exception if the JSON is not that of such a value
   */
  <T> T fromJson(String json, Class<T> type) throws Exception;
}
