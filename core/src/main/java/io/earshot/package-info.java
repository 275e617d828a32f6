/** The API for programs: values and interfaces. No code of the server itself is here. */
@NullMarked
package io.earshot;

import org.jspecify.annotations.NullMarked;
