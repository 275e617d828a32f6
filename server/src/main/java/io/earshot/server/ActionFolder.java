package io.earshot.server;

import io.earshot.Action;
import io.earshot.Actions;
import io.earshot.Api;
import io.earshot.Config;
import io.earshot.PlugIn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;

/**
 * A folder whose files are actions and plug-ins: {@code .java} files, compiled in memory, and jars.
 * In development mode it is looked at again and again, and what changed is taken over.
 *
 * <p>It is polled rather than watched by the system, since editors replace files in ways of their
 * own, and network disks tell nothing.
 *
 * <p>Owned by the thread that starts the server, and after {@link #supply} by the thread that
 * watches; {@link #close} may be called from anywhere.
 */
final class ActionFolder implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ActionFolder.class.getName());
  private static final Duration PAUSE = Duration.ofMillis(250);

  /** How long a file must not change, so that no half of one is compiled. */
  private static final Duration SETTLED = Duration.ofMillis(50);

  /** Stands for the jars where a file is named. */
  private static final String JARS = "*.jar";

  private final Path folder;
  private final boolean watched;
  private final ActionCompiler compiler;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final List<URLClassLoader> opened = new ArrayList<>();
  private @Nullable Thread watcher;

  private FolderContents contents = FolderContents.NOTHING;
  private ClassLoader plugIns = ActionFolder.class.getClassLoader();
  private SortedMap<String, List<Object>> byFile = new TreeMap<>();
  private Set<Problem> known = Set.of();

  /** What is served from here, by name. */
  private Map<String, Action> served = Map.of();

  /** The plug-ins that run, and the hooks of each. */
  private IdentityHashMap<PlugIn, Api> running = new IdentityHashMap<>();

  /** What was served under these names before; it comes back when the file goes. */
  private final Map<String, Action> displaced = new HashMap<>();

  private ActionFolder(Path folder, boolean watched, ActionCompiler compiler) {
    this.folder = folder;
    this.watched = watched;
    this.compiler = compiler;
  }

  /**
   * The folder that the settings name, compiled.
   *
   * @return the folder, or null if they name none
   * @throws SettingsException if there is no such folder
   * @throws StartException if this Java cannot compile, and something has to be
   */
  static @Nullable ActionFolder of(Config config) throws SettingsException, StartException {
    return of(config, ActionCompiler.ofThisJava());
  }

  static @Nullable ActionFolder of(Config config, ActionCompiler compiler)
      throws SettingsException, StartException {
    String name = config.general().actionsFolder();
    if (name.isEmpty()) {
      return null;
    }
    FolderContents contents;
    Path path;
    try {
      path = Path.of(name);
      if (!Files.isDirectory(path)) {
        String what = Files.exists(path) ? name + " is no folder" : "there is no folder " + name;
        throw new SettingsException(
            "general.actionsFolder: " + what + "; give one that exists to --actions");
      }
      contents = FolderContents.of(path);
    } catch (IOException | InvalidPathException e) {
      throw new SettingsException(
          "general.actionsFolder: the folder " + name + " cannot be read: " + e.getMessage());
    }
    if (compiler.isMissing() && !contents.sources().isEmpty()) {
      throw new StartException(
          "the folder " + name + " has .java files, and " + ActionCompiler.NEEDS_A_JDK);
    }
    var folder = new ActionFolder(path, config.general().developmentMode(), compiler);
    folder.load(contents);
    return folder;
  }

  /** Adds what is in it, and in development mode keeps them up to date from now on. */
  void supply(Api api) {
    serve(api);
    if (watched) {
      watcher = Thread.ofPlatform().daemon().name("actions folder").start(() -> watch(api));
    }
  }

  private void watch(Api api) {
    String trouble = "";
    try {
      while (!isClosedWithin(PAUSE)) {
        try {
          FolderContents now = FolderContents.of(folder);
          if (!now.equals(contents)) {
            load(settled(now));
            serve(api);
          }
          trouble = "";
        } catch (IOException | RuntimeException | LinkageError e) {
          if (!trouble.equals(e.toString())) {
            LOG.log(Level.ERROR, "the actions in " + folder + " stay as they are: " + e);
          }
          trouble = e.toString();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isClosedWithin(Duration time) throws InterruptedException {
    return closed.await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private FolderContents settled(FolderContents changing) throws IOException, InterruptedException {
    FolderContents last = changing;
    while (!isClosedWithin(SETTLED)) {
      FolderContents now = FolderContents.of(folder);
      if (now.equals(last)) {
        break;
      }
      last = now;
    }
    return last;
  }

  /** Makes the actions of these files. A file with a problem keeps those that it had before. */
  private void load(FolderContents now) {
    long began = System.nanoTime();
    var problems = new ArrayList<>(now.unreadable());
    List<Path> jars = now.jarPaths().stream().filter(jar -> isJar(jar, problems)).toList();
    boolean sameJars = now.jars().equals(contents.jars());
    contents = now;
    if (!sameJars) {
      plugIns = open(jars);
    }
    ActionCompiler.Compiled compiled = compiler.compile(now.sources(), jars, plugIns);
    problems.addAll(compiled.problems());
    var next = new TreeMap<String, List<Object>>();
    compiled
        .classes()
        .forEach(
            (file, names) -> {
              try {
                next.put(file, ActionMaker.made(names, compiled.loader()));
              } catch (ActionMaker.UnfitClassException e) {
                problems.add(new Problem(file, 0, String.valueOf(e.getMessage())));
              }
            });
    for (Problem problem : problems) {
      List<Object> before = byFile.getOrDefault(problem.file(), List.of());
      next.putIfAbsent(
          problem.file(), before.stream().map(each -> lastGood(each, problem)).toList());
    }
    if (!jars.isEmpty()) {
      List<Object> before = byFile.getOrDefault(JARS, List.of());
      next.put(JARS, sameJars ? before : PlugIns.in(plugIns));
    }
    byFile = next;
    problems.stream()
        .filter(problem -> !known.contains(problem))
        .forEach(problem -> LOG.log(Level.ERROR, problem.toString()));
    known = Set.copyOf(problems);
    long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
    LOG.log(Level.INFO, folder + ": read " + now.size() + " files in " + took + " ms");
  }

  private static Object lastGood(Object made, Problem problem) {
    return made instanceof Action action ? LastGood.of(action, problem) : made;
  }

  private static boolean isJar(Path path, List<Problem> problems) {
    try (var _ = new JarFile(path.toFile())) {
      return true;
    } catch (IOException e) {
      problems.add(new Problem(String.valueOf(path.getFileName()), 0, "no jar: " + e.getMessage()));
      return false;
    }
  }

  private ClassLoader open(List<Path> jars) {
    ClassLoader own = ActionFolder.class.getClassLoader();
    if (jars.isEmpty()) {
      return own;
    }
    try {
      URL[] urls = new URL[jars.size()];
      for (int i = 0; i < urls.length; i++) {
        urls[i] = jars.get(i).toUri().toURL();
      }
      var loader = new URLClassLoader("plug-ins", urls, own);
      opened.add(loader);
      return loader;
    } catch (MalformedURLException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Serves what was made last, and nothing else that was served from here. */
  private void serve(Api api) {
    Actions actions = api.actions();
    run(api);
    var next = new LinkedHashMap<String, Action>();
    byFile.forEach(
        (file, made) -> {
          for (Object each : made) {
            if (each instanceof Action action) {
              offer(actions, action, file, next);
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
    LOG.log(Level.INFO, folder + ": serves " + String.join(", ", next.keySet()));
  }

  /** Runs the plug-ins that were made last: new ones first, so that there is no time without. */
  private void run(Api api) {
    var next = new IdentityHashMap<PlugIn, Api>();
    for (List<Object> made : byFile.values()) {
      for (Object each : made) {
        Object one = each instanceof LastGood(Action last, _) ? last : each;
        if (one instanceof PlugIn plugIn) {
          Api own = running.remove(plugIn);
          next.put(plugIn, own == null ? PlugIns.started(plugIn, api) : own);
        }
      }
    }
    running.values().forEach(gone -> gone.hooks().removeAll());
    running = next;
  }

  private void offer(Actions actions, Action action, String file, Map<String, Action> next) {
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

  /** Ends watching, and closes the jars; what is served stays. */
  @Override
  public void close() {
    closed.countDown();
    try {
      if (watcher != null) {
        watcher.join(Duration.ofSeconds(2));
      }
      for (URLClassLoader loader : opened) {
        loader.close();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "a jar in " + folder + " could not be closed", e);
    }
  }
}
