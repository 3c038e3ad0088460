@echo off
rem The one command of this repository: ionpy demo ^| test ^| lint ^| bench ^| proof ^| dev ^| lock
setlocal
if not "%IONPY_PYTHON%"=="" (
  "%IONPY_PYTHON%" "%~dp0scripts\launch.py" %*
  exit /b %ERRORLEVEL%
)
for %%V in (3.13 3.12 3.11) do (
  py -%%V -c "import sys" >nul 2>&1 && (
    py -%%V "%~dp0scripts\launch.py" %*
    exit /b
  )
)
python -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>&1 && (
  python "%~dp0scripts\launch.py" %*
  exit /b
)
echo ionpy: Python 3.11 or newer was not found; install it or set IONPY_PYTHON 1>&2
exit /b 2
