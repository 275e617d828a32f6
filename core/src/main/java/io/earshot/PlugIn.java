package io.earshot;

/**
 * Server code that is dropped in, and is neither an {@link Action} nor asked for by clients: it
 * adds what it brings when the server starts, such as {@link Hooks}.
 *
 * <pre>{@code
 * public final class Quiet implements PlugIn {
 *   @Override public void start(Api api) {
 *     api.hooks().onSay("library", _ -> { throw new RefusedException("hush"); });
 *   }
 * }
 * }</pre>
 *
 * <p>Like actions, plug-ins are {@code .java} files or jars (which name theirs in {@code
 * META-INF/services/io.earshot.PlugIn}) in the folder of actions, or jars on the class path.
 */
public interface PlugIn {

  /**
   * Adds what it brings. In development mode another object is started when the folder changes, and
   * then the hooks are taken away that this one has added to this {@code api}.
   *
   * @param api the server
   * @throws Exception if it failed; the log says so, and its hooks are taken away
   */
  void start(Api api) throws Exception;
}
