"""Kafka Streams and Kafka Connect from Maven Central, and the Java command that runs a class of theirs or of ours.

They have their own folder of jars: what Connect brings along (a web server among it) is not for Kafka's tools.
"""

import shutil
from functools import cache

from rig import places
from rig.programs import need, newer, sh

POM = places.CLIENTS / "applications/pom.xml"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


@cache
def classpath():
    """Fetches the jars once, compiles the applications; returns the classpath."""
    need("javac", "default-jdk-headless")
    need("mvn", "maven")
    jars, stamp = places.CACHE / "applications", places.CACHE / "applications/.pom"
    wanted = POM.read_text() + (places.CLIENTS / "java/pom.xml").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(jars, ignore_errors=True)
        sh("mvn", "-q", "-B", "-ntp", "-f", POM, f"-Dmaven.repo.local={places.CACHE / 'm2'}", COPY,
           f"-DoutputDirectory={jars}", "-DincludeScope=runtime")
        stamp.write_text(wanted)
    classes = places.CACHE / "applications-classes"
    for source in (places.CLIENTS / "applications").glob("*.java"):
        if newer(source, classes / f"{source.stem}.class"):
            classes.mkdir(parents=True, exist_ok=True)
            sh("javac", "-cp", f"{jars}/*", "-d", classes, source)
    return f"{classes}:{jars}/*"


def java(main_class, *arguments, heap="256m", level="warn"):
    """The command that runs a class."""
    return ["java", f"-Xmx{heap}", "-XX:+UseSerialGC", f"-Dorg.slf4j.simpleLogger.defaultLogLevel={level}",
            "-Dorg.slf4j.simpleLogger.showDateTime=true", "-cp", classpath(), main_class, *map(str, arguments)]
