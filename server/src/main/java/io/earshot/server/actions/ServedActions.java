package io.earshot.server.actions;

import io.earshot.Action;
import io.earshot.Actions;
import io.earshot.Api;
import io.earshot.PlugIn;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;

/**
 * The actions and plug-ins of a folder that a server has at present, and their replacement by those
 * of the next version of the folder.
 *
 * <p>Owned by the thread that owns the {@link ActionFolder}.
 */
final class ServedActions {
  private static final System.Logger LOG = System.getLogger(ServedActions.class.getName());

  /** The actions of the folder by name. */
  private Map<String, Action> served = Map.of();

  /** The plug-ins of the folder, each with the API that has its hooks. */
  private IdentityHashMap<PlugIn, Api> running = new IdentityHashMap<>();

  /** The server's own actions that the folder's replace; each returns when its replacement goes. */
  private final Map<String, Action> displaced = new HashMap<>();

  /**
   * Replaces all actions and plug-ins of the folder.
   *
   * @param byFile the objects of each file
   * @return the names of the actions
   */
  Set<String> replace(SortedMap<String, List<Object>> byFile, Api api) {
    replacePlugIns(byFile, api);
    Actions actions = api.actions();
    var next = new LinkedHashMap<String, Action>();
    byFile.forEach(
        (file, made) -> {
          for (Object each : made) {
            if (each instanceof Action action) {
              add(actions, action, file, next);
            }
          }
        });
    Set<String> gone = new HashSet<>(served.keySet());
    gone.removeAll(next.keySet());
    for (String name : gone) {
      Action before = displaced.remove(name);
      if (before == null) {
        actions.remove(name);
      } else {
        actions.add(before);
      }
    }
    served = next;
    return next.keySet();
  }

  /**
   * Starts new plug-ins before the hooks of old ones are removed, so that there is always one of
   * them. Consumers of the feed are removed first, since there is one of each name; the events
   * between wait for the new one.
   */
  private void replacePlugIns(SortedMap<String, List<Object>> byFile, Api api) {
    var next = new IdentityHashMap<PlugIn, Api>();
    var fresh = new ArrayList<PlugIn>();
    for (List<Object> made : byFile.values()) {
      for (Object each : made) {
        Object one = each instanceof LastGood(Action last, _) ? last : each;
        if (one instanceof PlugIn plugIn) {
          Api own = running.remove(plugIn);
          if (own == null) {
            fresh.add(plugIn);
          } else {
            next.put(plugIn, own);
          }
        }
      }
    }
    running.values().forEach(gone -> gone.feed().removeAll());
    fresh.forEach(plugIn -> next.put(plugIn, PlugIns.started(plugIn, api)));
    running.values().forEach(gone -> gone.hooks().removeAll());
    running = next;
  }

  private void add(Actions actions, Action action, String file, Map<String, Action> next) {
    try {
      String name = action.name();
      if (next.containsKey(name)) {
        LOG.log(Level.ERROR, file + ": there is another action '" + name + "' in this folder");
        return;
      }
      if (!served.containsKey(name)) {
        actions.find(name).ifPresent(before -> displaced.put(name, before));
      }
      actions.add(action);
      next.put(name, action);
    } catch (RuntimeException | LinkageError e) {
      LOG.log(Level.ERROR, file + ": " + action.getClass().getName() + " is left out: " + e);
    }
  }
}
